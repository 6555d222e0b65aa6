/** The map on which the ground is drawn: an outline with handles, marks for what is wrong, and what is compared with. */
import {
  Map as MapLibre,
  setWorkerUrl,
  type GeoJSONSource,
  type MapMouseEvent,
  type MapTouchEvent,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Place, ZoneCollection } from "../../api/types.ts";
import type { Lang } from "../../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted, type Ground } from "../ground.ts";
import { GroundLayers, tellDrawn } from "../ground_layers.ts";
import { nameIn, NAMED_LAYERS, zoneStyle } from "../style.ts";
import { addBoxImages } from "../images.ts";
import { EDIT_LAYERS, OVERLAYS, type Overlay } from "./edit_layers.ts";
import * as outline from "./outline.ts";
import { linesOf, snap, type Snapped } from "./snap.ts";

setWorkerUrl(workerUrl);

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const REACH_PX = 12;
/** More corners than this are not all given a handle: only those that are on the screen. */
const MANY = 300;

export interface EditEvents {
  drawn(now: outline.Drawn): void;
  placed(at: Place): void;
  pressed(box: string): void;
  /** The zone is on the screen. */
  shown(): void;
  /** The map moves, or stands still again. */
  moving(now: boolean): void;
  /** Whether corners are drawn to lines that are there already. */
  sticks(): boolean;
}

export type Tool = "look" | "outline" | "place";
type Pointer = MapMouseEvent | MapTouchEvent;
type Handle = outline.At & { between: boolean };

export class EditMap {
  readonly map: MapLibre;
  private readonly ready: Promise<void>;
  private drawn: outline.Drawn = outline.EMPTY;
  private tool: Tool = "look";
  private dragged: outline.At | null = null;
  private ground: GroundLayers | null = null;
  private zone: ZoneCollection | null = null;
  private lines: outline.Corner[][] = [];
  private shownSnap = "";

  constructor(
    container: HTMLElement,
    lang: Lang,
    title: string,
    private readonly events: EditEvents,
    ground: (ground: Ground) => void,
  ) {
    const style = zoneStyle(lang);
    for (const name of OVERLAYS) style.sources[name] = { type: "geojson", data: EMPTY };
    style.layers.push(...EDIT_LAYERS);
    this.map = new MapLibre({
      container,
      style,
      center: [101, 13.5],
      zoom: 5,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      doubleClickZoom: false,
      fadeDuration: 0,
      locale: { "Map.Title": title },
    });
    tellDrawn(this.map);
    this.map.touchZoomRotate.disableRotation();
    const letters = document.fonts.load('700 18px "Plex Thai"').catch(() => []);
    this.ready = letters.then(async () => {
      if (!this.map.loaded()) await this.map.once("load");
      addBoxImages(this.map);
    });
    void this.ready.then(async () => {
      this.ground = new GroundLayers(this.map, lang, ground);
      await this.ground.refresh();
    });
    this.map.on("click", (event) => this.click(event));
    this.map.on("contextmenu", (event) => this.takeAway(event));
    this.map.on("mousedown", (event) => this.grasp(event));
    this.map.on("touchstart", (event) => this.grasp(event));
    this.map.on("mousemove", (event) => this.drag(event));
    this.map.on("touchmove", (event) => this.drag(event));
    this.map.on("mouseup", () => this.letGo());
    this.map.on("touchend", () => this.letGo());
    this.map.on("movestart", () => events.moving(true));
    this.map.on("moveend", () => {
      events.moving(false);
      if (outline.countCorners(this.drawn) > MANY) this.draw(this.drawn);
    });
  }

  async showZone(zone: ZoneCollection, fit: boolean): Promise<void> {
    this.zone = zone;
    await this.ready;
    await this.source("zone")?.setData(tinted(zone));
    await this.source("outside")?.setData(outsideOf(zone));
    const bounds = boundsOf(zone);
    if (bounds && fit) this.map.fitBounds(bounds, { padding: 40, animate: false });
    this.events.shown();
  }

  /** Something was imported. */
  async refreshGround(): Promise<void> {
    await this.ground?.refresh();
  }

  async show(overlay: Overlay, features: GeoJSON.FeatureCollection | null): Promise<void> {
    await this.ready;
    await this.source(overlay)?.setData(features ?? EMPTY);
  }

  mark(places: readonly Place[]): Promise<void> {
    return this.show("marks", pointsOf(places.map((at) => ({ at, properties: {} }))));
  }

  async fit(bounds: [number, number, number, number]): Promise<void> {
    await this.ready;
    this.map.fitBounds(bounds, { padding: 50, animate: false, maxZoom: 17 });
  }

  goTo(at: Place): void {
    this.map.easeTo({ center: [at.lon, at.lat], zoom: Math.max(15.5, this.map.getZoom()), duration: 400 });
  }

  /** From now on the hand does this. Nothing is drawn to the lines of `except`, the shape that is being changed itself. */
  use(tool: Tool, except = ""): void {
    this.tool = tool;
    this.map.getCanvas().style.cursor = tool === "look" ? "" : "crosshair";
    const others = this.zone?.features.filter(
      ({ id, properties: { layer } }) =>
        (layer === "boundary" || layer === "community") && ![layer, id].includes(except),
    );
    this.lines = (others ?? []).flatMap((feature) => linesOf(feature.geometry));
    this.markSnap(null);
  }

  /** Show this outline, as it stands now. */
  draw(drawn: outline.Drawn): void {
    this.drawn = drawn;
    const bounds = outline.countCorners(drawn) > MANY ? this.map.getBounds() : null;
    void this.show("drawing", outline.features(drawn, bounds ? (at) => bounds.contains(at) : undefined));
  }

  async speak(lang: Lang): Promise<void> {
    await this.ready;
    for (const layer of NAMED_LAYERS) this.map.setLayoutProperty(layer, "text-field", nameIn(lang));
    this.ground?.speak(lang);
  }

  destroy(): void {
    this.map.remove();
  }

  private change(drawn: outline.Drawn): void {
    this.draw(drawn);
    this.events.drawn(drawn);
  }

  private click(event: MapMouseEvent): void {
    const { lng, lat } = event.lngLat;
    if (this.tool === "place") this.events.placed({ lon: round(lng), lat: round(lat) });
    if (this.tool === "look") {
      const box = this.map.queryRenderedFeatures(event.point, { layers: ["boxes"] })[0];
      if (box) this.events.pressed(String(box.properties["id"]));
    }
    if (this.tool !== "outline" || !this.drawn.open) return;
    const handle = this.handleAt(event);
    // Near the first corner is the first corner: a ring is closed by coming back to where it began.
    if (handle?.ring === -1 && handle.n === 0 && this.drawn.open.corners.length > 2)
      this.change(outline.close(this.drawn));
    else if (handle?.ring !== -1) this.change(outline.add(this.drawn, this.cornerAt(event)));
  }

  private takeAway(event: MapMouseEvent): void {
    const handle = this.tool === "outline" ? this.handleAt(event) : null;
    if (handle && !handle.between) this.change(outline.remove(this.drawn, handle));
  }

  private grasp(event: Pointer): void {
    if (this.tool !== "outline" || this.drawn.open) return;
    const handle = this.handleAt(event);
    if (!handle) return;
    event.preventDefault();
    const { ring, n, between } = handle;
    this.dragged = { ring, n: between ? n + 1 : n };
    const was = this.drawn.rings[ring]?.corners[n] ?? [event.lngLat.lng, event.lngLat.lat];
    this.draw(
      between
        ? outline.insert(this.drawn, handle, [round(event.lngLat.lng), round(event.lngLat.lat)])
        : outline.move(this.drawn, handle, was),
    );
  }

  private drag(event: Pointer): void {
    if (this.dragged) {
      this.draw(outline.move(this.drawn, this.dragged, this.cornerAt(event), false));
    } else if (this.tool === "outline" && this.drawn.open) this.markSnap(this.snapped(event));
  }

  private letGo(): void {
    if (!this.dragged) return;
    this.dragged = null;
    this.markSnap(null);
    this.events.drawn(this.drawn);
  }

  /** Where a corner is meant to be: on what is there already, if that is near, or where the hand is. */
  private cornerAt(event: Pointer): outline.Corner {
    const found = this.snapped(event);
    this.markSnap(found);
    // What lies on a corner of a neighbour has its very numbers.
    if (found?.on === "corner") return found.at;
    const [lon, lat] = found?.at ?? [event.lngLat.lng, event.lngLat.lat];
    return [round(lon), round(lat)];
  }

  private snapped(event: Pointer): Snapped | null {
    if (!this.events.sticks() || event.originalEvent.altKey) return null;
    return snap(this.lines, event.point, (corner) => this.map.project(corner), reachOf(event));
  }

  private markSnap(found: Snapped | null): void {
    const now = JSON.stringify(found);
    if (now === this.shownSnap) return;
    this.shownSnap = now;
    this.map.getContainer().dataset["snap"] = found?.on ?? "";
    const at = found && { lon: found.at[0], lat: found.at[1] };
    void this.show("snap", at && pointsOf([{ at, properties: { on: found.on } }]));
  }

  private handleAt(event: Pointer): Handle | null {
    let best: Handle | null = null;
    let nearest = reachOf(event);
    const bounds = this.map.getBounds();
    for (const feature of outline.features(this.drawn, (at) => bounds.contains(at)).features) {
      if (feature.geometry.type !== "Point") continue;
      const { part, ring, n } = feature.properties as { part: string; ring: number; n: number };
      const at = this.map.project(feature.geometry.coordinates as [number, number]);
      const away = Math.hypot(at.x - event.point.x, at.y - event.point.y);
      if (away < nearest) [nearest, best] = [away, { ring, n, between: part === "between" }];
    }
    return best;
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}

/** Points as the map takes them. */
export function pointsOf(
  points: readonly { at: Place; properties: Record<string, unknown> }[],
): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: points.map(({ at, properties }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [at.lon, at.lat] },
      properties,
    })),
  };
}

/** A finger is less exact than a mouse. */
function reachOf(event: Pointer): number {
  return "touches" in event.originalEvent ? REACH_PX * 2 : REACH_PX;
}

/** To a centimetre or so: nobody draws finer. */
function round(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}
