/** Very much equipment on one map: gathered into circles that open when one comes nearer. */
import { Map as MapLibre, setWorkerUrl, type GeoJSONSource, type MapGeoJSONFeature } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { ZoneCollection } from "../../api/types.ts";
import type { Lang } from "../../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted } from "../../zone/ground.ts";
import { addImages } from "../../zone/images.ts";
import { zoneStyle } from "../../zone/style.ts";
import type { Marks } from "./api.ts";

setWorkerUrl(workerUrl); // MapLibre 6 draws nothing without it

const COLOURS: Record<string, string> = {
  DOWN: "#e5484d",
  WATCH: "#f0a020",
  UNKNOWN: "#a9b8c8",
  READY: "#2fb36d",
  PLANNED: "#5d7085",
};
const SIGNS = new Set(["camera_site", "sos_point"]);

export class EstateMapView {
  private readonly map: MapLibre;
  private readonly ready: Promise<void>;
  private placed = false;

  constructor(container: HTMLElement, lang: Lang, press: (id: string) => void) {
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
      const found = this.map.queryRenderedFeatures(event.point, {
        layers: ["many", "one"].filter((l) => this.map.getLayer(l)),
      });
      const first = found[0];
      if (first?.properties["cluster"]) void this.openUp(first);
      else if (first) press(String(first.properties["id"]));
    });
  }

  async drawZone(zone: ZoneCollection): Promise<void> {
    await this.ready;
    this.source("zone")?.setData(tinted(zone));
    this.source("outside")?.setData(outsideOf(zone));
    const bounds = boundsOf(zone);
    if (bounds) this.map.fitBounds(bounds, { padding: 36, animate: false });
    this.placed = bounds !== null;
  }

  async draw(marks: Marks): Promise<void> {
    await this.ready;
    const features = marks.id.map((id, n): GeoJSON.Feature<GeoJSON.Point> => {
      const kind = marks.kinds[marks.kind[n] ?? 0] ?? "";
      const state = marks.states[marks.state[n] ?? 0] ?? "PLANNED";
      return {
        type: "Feature",
        geometry: { type: "Point", coordinates: [marks.lon[n] ?? 0, marks.lat[n] ?? 0] },
        properties: {
          id,
          image: `asset-${SIGNS.has(kind) ? kind : "other"}-${state}`,
          down: state === "DOWN" ? 1 : 0,
          watch: state === "WATCH" ? 1 : 0,
        },
      };
    });
    await this.source("estate")?.setData({ type: "FeatureCollection", features });
    if (!this.placed && marks.id.length > 0) {
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
  }

  destroy(): void {
    this.map.remove();
  }

  private addLayers(): void {
    this.map.addSource("estate", {
      type: "geojson",
      data: { type: "FeatureCollection", features: [] },
      cluster: true,
      clusterRadius: 46,
      clusterMaxZoom: 17,
      clusterProperties: { down: ["+", ["get", "down"]], watch: ["+", ["get", "watch"]] },
    });
    this.map.addLayer({
      id: "many",
      type: "circle",
      source: "estate",
      filter: ["has", "point_count"],
      paint: {
        "circle-radius": [
          "interpolate",
          ["linear"],
          ["sqrt", ["get", "point_count"]],
          1,
          13,
          10,
          20,
          100,
          34,
        ],
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
      filter: ["has", "point_count"],
      layout: {
        "text-field": ["get", "point_count_abbreviated"],
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
      filter: ["!", ["has", "point_count"]],
      layout: { "icon-image": ["get", "image"], "icon-allow-overlap": true },
    });
  }

  private async openUp(cluster: MapGeoJSONFeature): Promise<void> {
    const zoom = await this.source("estate")?.getClusterExpansionZoom(
      Number(cluster.properties["cluster_id"]),
    );
    const [lon, lat] = (cluster.geometry as GeoJSON.Point).coordinates;
    if (zoom !== undefined && lon !== undefined && lat !== undefined)
      this.map.easeTo({ center: [lon, lat], zoom: zoom + 0.3, duration: 300 });
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
