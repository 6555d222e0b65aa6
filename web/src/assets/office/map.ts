/** Very much equipment on one map: the server gathers it into circles, which open when one comes nearer. */
import { Map as MapLibre, setWorkerUrl, type GeoJSONSource, type LngLatBounds } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { ZoneCollection } from "../../api/types.ts";
import type { Lang } from "../../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted } from "../../zone/ground.ts";
import { zoneStyle } from "../../zone/style.ts";
import type { Marks, Section } from "./api.ts";
import { MarksCanvas } from "./marks.ts";

setWorkerUrl(workerUrl); // MapLibre 6 draws nothing without it

/** So much more than what is seen is asked for on every side, as a share of it: a short way needs no question. */
const MARGIN = 0.35;
/** As far out as one begins when nobody knows yet where anything stands. */
const FAR_ZOOM = 9;

export class EstateMapView {
  private readonly map: MapLibre;
  private readonly marks: MarksCanvas;
  private readonly ready: Promise<void>;
  private placed = false;
  private covered: { bounds: LngLatBounds; zoom: number } | null = null;

  /** `press` is told of a thing that was pressed, `look` when another part of the map is to be drawn. */
  constructor(container: HTMLElement, lang: Lang, press: (id: string) => void, look: () => void) {
    this.map = new MapLibre({
      container,
      style: zoneStyle(lang),
      center: [104.73, 16.54],
      zoom: 13,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    const letters = document.fonts.load('700 18px "Plex Thai"').catch(() => []);
    this.ready = letters.then(async () => {
      if (!this.map.loaded()) await this.map.once("load");
    });
    this.marks = new MarksCanvas(this.map);
    this.map.on("click", (event) => {
      const mark = this.marks.at(event.point);
      if (mark?.id) press(mark.id);
      else if (mark) this.openUp(mark.at);
    });
    this.map.on("moveend", () => {
      if (this.placed && !this.isCovered()) look();
    });
  }

  /** What is to be asked for, so that what is seen now and a little around it can be drawn. */
  section(): Section {
    if (!this.placed) return { zoom: FAR_ZOOM };
    const { bounds, zoom } = this.seen(MARGIN);
    this.covered = { bounds, zoom };
    const corners = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const inside = corners.map((each, n) => Math.max(n % 2 ? -90 : -180, Math.min(n % 2 ? 90 : 180, each)));
    return { zoom, bbox: inside.map((each) => each.toFixed(5)).join(",") };
  }

  private seen(margin: number): { bounds: LngLatBounds; zoom: number } {
    const bounds = this.map.getBounds();
    const [wide, high] = [bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth()];
    bounds.extend([bounds.getWest() - wide * margin, bounds.getSouth() - high * margin]);
    bounds.extend([bounds.getEast() + wide * margin, bounds.getNorth() + high * margin]);
    return { bounds, zoom: Math.floor(this.map.getZoom()) };
  }

  private isCovered(): boolean {
    const { bounds, zoom } = this.seen(0);
    const covered = this.covered;
    return (
      covered?.zoom === zoom &&
      covered.bounds.contains(bounds.getSouthWest()) &&
      covered.bounds.contains(bounds.getNorthEast())
    );
  }

  async drawZone(zone: ZoneCollection): Promise<void> {
    await this.ready;
    this.source("zone")?.setData(tinted(zone));
    this.source("outside")?.setData(outsideOf(zone));
    const bounds = boundsOf(zone);
    if (bounds) this.map.fitBounds(bounds, { padding: 36, animate: false });
    this.placed = bounds !== null;
  }

  /** Draws what the server found; false when the map has gone where they lie, and is to be asked for anew. */
  async draw(marks: Marks): Promise<boolean> {
    await this.ready;
    if (!this.placed && marks.id.length > 0) {
      this.goTo(marks);
      return false;
    }
    this.marks.show(marks);
    while (!this.map.loaded()) await this.map.once("render"); // the ground under them stands on the screen too
    return true;
  }

  private goTo(marks: Marks): void {
    const [lon, lat] = [marks.lon, marks.lat];
    const low = (values: number[]): number => values.reduce((a, b) => Math.min(a, b));
    const high = (values: number[]): number => values.reduce((a, b) => Math.max(a, b));
    this.map.fitBounds([low(lon), low(lat), high(lon), high(lat)], {
      padding: 36,
      animate: false,
      maxZoom: 16,
    });
    this.placed = true;
  }

  destroy(): void {
    this.map.remove();
  }

  private openUp(center: [number, number]): void {
    this.map.easeTo({ center, zoom: Math.floor(this.map.getZoom()) + 2, duration: 300 });
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
