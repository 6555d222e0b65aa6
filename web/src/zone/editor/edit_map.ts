/** The map on which the ground is drawn: an outline with handles, marks for what is wrong, and what is compared with. */
import {
  Map as MapLibre,
  setWorkerUrl,
  type GeoJSONSource,
  type LayerSpecification,
  type MapMouseEvent,
  type MapTouchEvent,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Place, ZoneCollection } from "../../api/types.ts";
import type { Lang } from "../../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted, type Ground } from "../ground.ts";
import { drawGround } from "../ground_layers.ts";
import type { StationMap } from "../station_map.ts";
import { nameIn, NAMED_LAYERS, zoneStyle } from "../style.ts";
import * as outline from "./outline.ts";

setWorkerUrl(workerUrl);

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const REACH_PX = 12;

type Overlay = "compare" | "preview" | "drawing" | "marks";
const OVERLAYS: readonly Overlay[] = ["compare", "preview", "drawing", "marks"];

const layers: LayerSpecification[] = [
  {
    id: "compare",
    type: "line",
    source: "compare",
    paint: { "line-color": "#ffc86b", "line-width": 2.5, "line-dasharray": [2, 2] },
  },
  {
    id: "preview-fill",
    type: "fill",
    source: "preview",
    filter: ["!=", ["geometry-type"], "Point"],
    paint: {
      "fill-color": ["case", ["==", ["get", "faulty"], true], "#ff5a52", "#35c97c"],
      "fill-opacity": 0.22,
    },
  },
  {
    id: "preview-line",
    type: "line",
    source: "preview",
    filter: ["!=", ["geometry-type"], "Point"],
    paint: { "line-color": ["case", ["==", ["get", "faulty"], true], "#ff928c", "#78dba4"], "line-width": 2 },
  },
  {
    id: "preview-point",
    type: "circle",
    source: "preview",
    filter: ["==", ["geometry-type"], "Point"],
    paint: {
      "circle-radius": 6,
      "circle-color": "#35c97c",
      "circle-stroke-color": "#0a1017",
      "circle-stroke-width": 2,
    },
  },
  {
    id: "drawing-fill",
    type: "fill",
    source: "drawing",
    filter: ["==", ["get", "part"], "area"],
    paint: { "fill-color": "#8ec5ff", "fill-opacity": 0.16 },
  },
  {
    id: "drawing-line",
    type: "line",
    source: "drawing",
    filter: ["==", ["get", "part"], "line"],
    paint: { "line-color": "#8ec5ff", "line-width": 2.5 },
  },
  {
    id: "drawing-between",
    type: "circle",
    source: "drawing",
    filter: ["==", ["get", "part"], "between"],
    paint: {
      "circle-radius": 4,
      "circle-color": "#11263d",
      "circle-stroke-color": "#8ec5ff",
      "circle-stroke-width": 1.5,
    },
  },
  {
    id: "drawing-corner",
    type: "circle",
    source: "drawing",
    filter: ["==", ["get", "part"], "corner"],
    paint: {
      "circle-radius": ["case", ["get", "first"], 9, 6.5],
      "circle-color": ["case", ["get", "first"], "#35c97c", "#e9eff6"],
      "circle-stroke-color": "#2a76cf",
      "circle-stroke-width": 2.5,
    },
  },
  {
    id: "marks",
    type: "circle",
    source: "marks",
    paint: {
      "circle-radius": 14,
      "circle-color": "#d42f34",
      "circle-opacity": 0.35,
      "circle-stroke-color": "#ff928c",
      "circle-stroke-width": 3,
    },
  },
];

export interface EditEvents {
  drawn(now: outline.Drawn): void;
  placed(at: Place): void;
}

export type Tool = "look" | "outline" | "place";

export class EditMap {
  readonly map: MapLibre;
  private readonly ready: Promise<void>;
  private drawn: outline.Drawn = outline.EMPTY;
  private tool: Tool = "look";
  private dragged: number | null = null;
  private station: StationMap | null = null;

  constructor(
    container: HTMLElement,
    lang: Lang,
    title: string,
    private readonly events: EditEvents,
    ground: (ground: Ground) => void,
  ) {
    const style = zoneStyle(lang);
    for (const name of OVERLAYS) style.sources[name] = { type: "geojson", data: EMPTY };
    style.layers.push(...layers);
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
    this.map.touchZoomRotate.disableRotation();
    const letters = document.fonts.load('700 18px "Plex Thai"').catch(() => []);
    this.ready = letters.then(async () => {
      if (!this.map.loaded()) await this.map.once("load");
    });
    void this.ready.then(async () => {
      this.station = await drawGround(this.map, lang, ground);
    });
    this.map.on("click", (event) => this.click(event));
    this.map.on("contextmenu", (event) => this.takeAway(event));
    this.map.on("mousedown", (event) => this.grasp(event));
    this.map.on("touchstart", (event) => this.grasp(event));
    this.map.on("mousemove", (event) => this.drag(event));
    this.map.on("touchmove", (event) => this.drag(event));
    this.map.on("mouseup", () => this.letGo());
    this.map.on("touchend", () => this.letGo());
  }

  async showZone(zone: ZoneCollection, fit: boolean): Promise<void> {
    await this.ready;
    await this.source("zone")?.setData(tinted(zone));
    await this.source("outside")?.setData(outsideOf(zone));
    const bounds = boundsOf(zone);
    if (bounds && fit) this.map.fitBounds(bounds, { padding: 40, animate: false });
  }

  async show(overlay: Overlay, features: GeoJSON.FeatureCollection | null): Promise<void> {
    await this.ready;
    await this.source(overlay)?.setData(features ?? EMPTY);
  }

  mark(places: readonly Place[]): Promise<void> {
    return this.show("marks", {
      type: "FeatureCollection",
      features: places.map((at) => ({
        type: "Feature",
        geometry: { type: "Point", coordinates: [at.lon, at.lat] },
        properties: {},
      })),
    });
  }

  async fit(bounds: [number, number, number, number]): Promise<void> {
    await this.ready;
    this.map.fitBounds(bounds, { padding: 50, animate: false, maxZoom: 17 });
  }

  goTo(at: Place): void {
    this.map.easeTo({ center: [at.lon, at.lat], zoom: Math.max(15.5, this.map.getZoom()), duration: 400 });
  }

  use(tool: Tool): void {
    this.tool = tool;
    this.map.getCanvas().style.cursor = tool === "look" ? "" : "crosshair";
  }

  /** Show this outline, as it stands now. */
  draw(drawn: outline.Drawn): void {
    this.drawn = drawn;
    void this.show("drawing", outline.features(drawn));
  }

  async speak(lang: Lang): Promise<void> {
    await this.ready;
    for (const layer of NAMED_LAYERS) this.map.setLayoutProperty(layer, "text-field", nameIn(lang));
    this.station?.speak(lang);
  }

  destroy(): void {
    this.map.remove();
  }

  private change(drawn: outline.Drawn): void {
    this.draw(drawn);
    this.events.drawn(drawn);
  }

  private click(event: MapMouseEvent): void {
    const at: outline.Corner = [event.lngLat.lng, event.lngLat.lat];
    if (this.tool === "place") this.events.placed({ lon: round(at[0]), lat: round(at[1]) });
    if (this.tool !== "outline" || this.drawn.closed) return;
    const handle = this.handleAt(event);
    // Near the first corner is the first corner: an outline is closed by coming back to where it began.
    if (handle?.n === 0 && this.drawn.corners.length > 2) this.change(outline.close(this.drawn));
    else if (!handle) this.change(outline.add(this.drawn, [round(at[0]), round(at[1])]));
  }

  private takeAway(event: MapMouseEvent): void {
    const handle = this.tool === "outline" ? this.handleAt(event) : null;
    if (handle && !handle.between) this.change(outline.remove(this.drawn, handle.n));
  }

  private grasp(event: MapMouseEvent | MapTouchEvent): void {
    if (this.tool !== "outline" || !this.drawn.closed) return;
    const handle = this.handleAt(event);
    if (!handle) return;
    event.preventDefault();
    const at: outline.Corner = [round(event.lngLat.lng), round(event.lngLat.lat)];
    this.dragged = handle.between ? handle.n + 1 : handle.n;
    const was = this.drawn.corners[handle.n] ?? at;
    this.draw(
      handle.between ? outline.insert(this.drawn, handle.n, at) : outline.move(this.drawn, handle.n, was),
    );
  }

  private drag(event: MapMouseEvent | MapTouchEvent): void {
    if (this.dragged === null) return;
    this.draw(
      outline.move(this.drawn, this.dragged, [round(event.lngLat.lng), round(event.lngLat.lat)], false),
    );
  }

  private letGo(): void {
    if (this.dragged === null) return;
    this.dragged = null;
    this.events.drawn(this.drawn);
  }

  private handleAt(event: MapMouseEvent | MapTouchEvent): { n: number; between: boolean } | null {
    const reach = "touches" in event.originalEvent ? REACH_PX * 2 : REACH_PX;
    let best: { n: number; between: boolean } | null = null;
    let nearest = reach;
    for (const feature of outline.features(this.drawn).features) {
      const { part, n } = feature.properties as { part: string; n: number };
      if (feature.geometry.type !== "Point") continue;
      const [lon, lat] = feature.geometry.coordinates as [number, number];
      const at = this.map.project([lon, lat]);
      const away = Math.hypot(at.x - event.point.x, at.y - event.point.y);
      if (away < nearest) [nearest, best] = [away, { n, between: part === "between" }];
    }
    return best;
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}

/** To a centimetre or so: nobody draws finer. */
function round(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}
