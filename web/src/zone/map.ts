/** The map on the screen: takes features, gives back presses, and stays quiet when nothing changed. */
import {
  Map as MapLibre,
  setWorkerUrl,
  type GeoJSONSource,
  type LngLatBoundsLike,
  type MapMouseEvent,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Place, ZoneCollection } from "../api/types.ts";
import type { Lang } from "../i18n/i18n.svelte.ts";
import { CROWD, type Features } from "./features.ts";
import { boundsOf, outsideOf, tinted, type Ground } from "./ground.ts";
import { GroundLayers, tellDrawn } from "./ground_layers.ts";
import { addImages } from "./images.ts";
import { scaleBar, type ScaleBar } from "./scale.ts";
import { nameIn, NAMED_LAYERS, zoneStyle } from "./style.ts";

setWorkerUrl(workerUrl); // MapLibre 6 draws nothing without it

/** What can be pressed, the most urgent first; each is drawn by these layers. */
const PRESSABLE = {
  incident: ["incident"],
  unit: ["unit", "unit-crowd", "unit-dot"],
  asset: ["asset"],
} as const;
const PRESSABLE_LAYERS: string[] = Object.values(PRESSABLE).flat();
const PULSE_MS = 750;
/** Thousands of units are drawn once a second, so that a PC without a graphics card keeps up. */
const CROWD_REDRAW_MS = 1_000;

type LiveSource = "assets" | "units" | "incidents" | "pin";

export interface Pressed {
  layer: keyof typeof PRESSABLE;
  id: string;
}

export interface MapEvents {
  press(what: Pressed | null, place: Place): void;
  hover(what: Pressed | null, x: number, y: number): void;
  scale(bar: ScaleBar): void;
}

export class ZoneMapView {
  private readonly map: MapLibre;
  private bounds: LngLatBoundsLike | null = null;
  /** Somebody has moved the map; from then on it stays where they put it. */
  private moved = false;
  private readonly newest = new Map<LiveSource, Features>();
  private readonly drawing = new Set<LiveSource>();
  private ground: GroundLayers | null = null;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private readonly ready: Promise<void>;

  constructor(container: HTMLElement, center: Place, lang: Lang, title: string, events: MapEvents) {
    this.map = new MapLibre({
      container,
      style: zoneStyle(lang),
      center: [center.lon, center.lat],
      zoom: 14.5,
      minZoom: 11,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      locale: { "Map.Title": title },
    });
    tellDrawn(this.map);
    this.map.touchZoomRotate.disableRotation();
    // Without its letters the map is still a map: a server that was away for a moment must not leave it blank.
    const letters = document.fonts.load('700 18px "Plex Thai"').catch(() => []);
    this.ready = letters.then(async () => {
      if (!this.map.loaded()) await this.map.once("load");
      addImages(this.map);
    });
    this.map.on("click", (event) =>
      events.press(this.at(event), { lon: event.lngLat.lng, lat: event.lngLat.lat }),
    );
    this.map.on("mousemove", (event) => {
      const what = this.at(event);
      this.map.getCanvas().style.cursor = what ? "pointer" : "";
      events.hover(what, event.point.x, event.point.y);
    });
    const tellScale = (): void => events.scale(scaleBar(this.map.getCenter().lat, this.map.getZoom()));
    this.map.on("zoom", tellScale);
    tellScale();
    this.map.on("movestart", (event) => {
      if (event.originalEvent) this.moved = true;
    });
    this.map.on("resize", () => {
      if (!this.moved) this.fit(false); // it may have been opened while hidden
    });
    this.map.on("mouseout", () => events.hover(null, 0, 0));
  }

  async drawZone(zone: ZoneCollection): Promise<void> {
    await this.ready;
    this.source("zone")?.setData(tinted(zone));
    this.source("outside")?.setData(outsideOf(zone));
    this.bounds = boundsOf(zone);
    if (!this.moved) this.fit(false);
  }

  /** Puts the ground under the zone; whose map it is, and that it is away, must be shown. */
  async drawGround(lang: Lang, tell: (ground: Ground) => void): Promise<void> {
    await this.ready;
    this.ground = new GroundLayers(this.map, lang, tell);
    await this.ground.refresh();
  }

  /** Something may have been imported. */
  async refreshGround(): Promise<void> {
    await this.ground?.refresh();
  }

  /** Draws these features; what comes while the last is still being drawn waits, and only the newest is taken up. */
  async draw(name: LiveSource, features: Features): Promise<void> {
    await this.ready;
    this.newest.set(name, features);
    if (this.drawing.has(name)) return;
    this.drawing.add(name);
    for (let next = this.newest.get(name); next; next = this.newest.get(name)) {
      this.newest.delete(name);
      await this.source(name)?.setData(next);
      if (next.features.length > CROWD) await new Promise((done) => setTimeout(done, CROWD_REDRAW_MS));
    }
    this.drawing.delete(name);
  }

  async mark(unitIds: readonly string[]): Promise<void> {
    await this.ready;
    this.map.setFilter("unit-marked", ["in", ["get", "id"], ["literal", [...unitIds]]]);
  }

  async speak(lang: Lang, title: string): Promise<void> {
    this.map.getCanvas().setAttribute("aria-label", title);
    await this.ready;
    for (const layer of NAMED_LAYERS) this.map.setLayoutProperty(layer, "text-field", nameIn(lang));
    this.ground?.speak(lang);
  }

  /** Unacknowledged incidents breathe; not for people who asked for less motion, and not when there are none. */
  async breathe(on: boolean): Promise<void> {
    await this.ready;
    clearInterval(this.pulse);
    let wide = false;
    const step = (): void => {
      wide = !wide;
      this.map.setPaintProperty("incident-pulse", "circle-radius", wide ? 34 : 16);
      this.map.setPaintProperty("incident-pulse", "circle-opacity", wide ? 0.08 : 0.4);
    };
    if (on && !matchMedia("(prefers-reduced-motion: reduce)").matches)
      this.pulse = setInterval(step, PULSE_MS);
  }

  fit(animate = true): void {
    if (this.bounds) this.map.fitBounds(this.bounds, { padding: 36, animate });
  }

  goTo(place: Place): void {
    this.moved = true;
    this.map.easeTo({
      center: [place.lon, place.lat],
      zoom: Math.max(this.map.getZoom(), 16.2),
      duration: 500,
    });
  }

  sees(place: Place): boolean {
    return this.map.getBounds().contains([place.lon, place.lat]);
  }

  zoom(by: number): void {
    this.map.easeTo({ zoom: this.map.getZoom() + by, duration: 200 });
  }

  focus(): void {
    this.map.getCanvas().focus();
  }

  destroy(): void {
    clearInterval(this.pulse);
    this.map.remove();
  }

  private at(event: MapMouseEvent): Pressed | null {
    const { x, y } = event.point;
    const around: [[number, number], [number, number]] = [
      [x - 6, y - 6],
      [x + 6, y + 6],
    ];
    const found = this.map.queryRenderedFeatures(around, {
      layers: PRESSABLE_LAYERS.filter((layer) => this.map.getLayer(layer)),
    });
    for (const [layer, drawnBy] of Object.entries(PRESSABLE)) {
      const feature = found.find((f) => (drawnBy as readonly string[]).includes(f.layer.id));
      if (feature) return { layer: layer as Pressed["layer"], id: String(feature.properties["id"]) };
    }
    return null;
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
