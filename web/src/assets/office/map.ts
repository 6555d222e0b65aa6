/** Very much equipment on one map: the server gathers it into circles, which open when one comes nearer. */
import { Map as MapLibre, setWorkerUrl, type GeoJSONSource, type LngLatBounds } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { ZoneCollection } from "../../api/types.ts";
import type { Lang } from "../../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted } from "../../zone/ground.ts";
import { addImages } from "../../zone/images.ts";
import { zoneStyle } from "../../zone/style.ts";
import type { Marks, Section } from "./api.ts";

setWorkerUrl(workerUrl); // MapLibre 6 draws nothing without it

const COLOURS: Record<string, string> = {
  DOWN: "#e5484d",
  WATCH: "#f0a020",
  UNKNOWN: "#a9b8c8",
  READY: "#2fb36d",
  PLANNED: "#5d7085",
};
const SIGNS = new Set(["camera_site", "sos_point"]);
/** So much more than what is seen is asked for on every side, as a share of it: a short way needs no question. */
const MARGIN = 0.35;
/** After so long what has come is painted, even if some is missing. */
const LONGEST_STILL_MS = 250;
/** As far out as one begins when nobody knows yet where anything stands. */
const FAR_ZOOM = 9;

export class EstateMapView {
  private readonly map: MapLibre;
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
      addImages(this.map);
      this.addLayers();
    });
    this.map.on("click", (event) => {
      const layers = ["many", "one"].filter((layer) => this.map.getLayer(layer));
      const first = this.map.queryRenderedFeatures(event.point, { layers })[0];
      if (!first) return;
      const id = String(first.properties["id"]);
      if (id) press(id);
      else this.openUp(first.geometry as GeoJSON.Point);
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

  /**
   * Draws what the server found; false when the map has gone where they lie, and is to be asked for anew.
   *
   * MapLibre would paint the old picture again when it is given something, and once more with every few tiles that come
   * back from its worker, who waits for each painting. It is kept still until all of them are there.
   */
  async draw(marks: Marks): Promise<boolean> {
    await this.ready;
    if (!this.placed && marks.id.length > 0) {
      this.goTo(marks);
      return false;
    }
    this.map.triggerRepaint = () => undefined;
    try {
      await this.source("estate")?.setData({ type: "FeatureCollection", features: featuresOf(marks) });
      await Promise.race([this.allHere(), new Promise((resolve) => setTimeout(resolve, LONGEST_STILL_MS))]);
    } finally {
      delete (this.map as Partial<MapLibre>).triggerRepaint;
      this.map.triggerRepaint();
    }
    await this.shown();
    return true;
  }

  private async allHere(): Promise<void> {
    while (!this.map.isSourceLoaded("estate")) await this.map.once("sourcedata");
  }

  /** Everything that was given to the map stands on the screen. */
  private async shown(): Promise<void> {
    while (!this.map.loaded()) await this.map.once("render");
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

  private addLayers(): void {
    this.map.addSource("estate", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    this.map.addLayer({
      id: "many",
      type: "circle",
      source: "estate",
      filter: [">", ["get", "count"], 1],
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 13, 10, 20, 100, 34],
        "circle-color": "#14202d",
        "circle-stroke-width": 2.5,
        "circle-stroke-color": [
          "case",
          [">", ["get", "down"], 0],
          COLOURS["DOWN"] ?? "",
          [">", ["get", "watch"], 0],
          COLOURS["WATCH"] ?? "",
          "#5b7b9c",
        ],
      },
    });
    this.map.addLayer({
      id: "many-count",
      type: "symbol",
      source: "estate",
      filter: [">", ["get", "count"], 1],
      layout: {
        "text-field": ["get", "label"],
        "text-font": ["Plex Thai"],
        "text-size": 13,
        "text-allow-overlap": true,
      },
      paint: { "text-color": "#e9eff6" },
    });
    this.map.addLayer({
      id: "one",
      type: "symbol",
      source: "estate",
      filter: ["==", ["get", "count"], 1],
      layout: { "icon-image": ["get", "image"], "icon-allow-overlap": true },
    });
  }

  private openUp(circle: GeoJSON.Point): void {
    const [lon, lat] = circle.coordinates;
    if (lon === undefined || lat === undefined) return;
    this.map.easeTo({ center: [lon, lat], zoom: Math.floor(this.map.getZoom()) + 2, duration: 300 });
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}

/** 1,240 does not fit into a circle. */
function short(count: number): string {
  return count < 1000 ? String(count) : `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
}

function featuresOf(marks: Marks): GeoJSON.Feature<GeoJSON.Point>[] {
  return marks.id.map((id, n) => {
    const kind = marks.kinds[marks.kind[n] ?? 0] ?? "";
    const state = marks.states[marks.state[n] ?? 0] ?? "PLANNED";
    const count = marks.count[n] ?? 1;
    return {
      type: "Feature",
      geometry: { type: "Point", coordinates: [marks.lon[n] ?? 0, marks.lat[n] ?? 0] },
      properties: {
        id,
        count,
        label: short(count),
        image: `asset-${SIGNS.has(kind) ? kind : "other"}-${state}`,
        down: marks.down[n] ?? 0,
        watch: marks.watch[n] ?? 0,
      },
    };
  });
}
