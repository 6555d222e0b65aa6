/** A small map on which one place is chosen: pressed, or its mark is dragged. */
import { Map as MapLibre, Marker, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Place, ZoneCollection } from "../api/types.ts";
import type { Lang } from "../i18n/i18n.svelte.ts";
import { boundsOf, outsideOf, tinted } from "./ground.ts";
import { GroundLayers } from "./ground_layers.ts";
import { addBoxImages } from "./images.ts";
import { zoneStyle } from "./style.ts";

setWorkerUrl(workerUrl);

/** As near as one is shown a thing that stands somewhere: its corner of the street. */
const NEAR_ZOOM = 16.5;
/** A millionth of a degree is a hand's breadth; more is only noise. */
const DECIMALS = 6;

export class PickingMap {
  private readonly map: MapLibre;
  private readonly marker: Marker;
  private marked = false;

  constructor(
    container: HTMLElement,
    sign: HTMLElement,
    private readonly lang: Lang,
    title: string,
    private readonly picked: (place: Place) => void,
  ) {
    this.map = new MapLibre({
      container,
      style: zoneStyle(lang),
      center: [101, 13.5],
      zoom: 5,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      locale: { "Map.Title": title },
    });
    this.map.touchZoomRotate.disableRotation();
    this.marker = new Marker({ element: sign, anchor: "bottom", draggable: true });
    this.marker.on("dragend", () => this.tell(this.marker.getLngLat()));
    this.map.on("click", (event) => this.tell(event.lngLat));
  }

  /** The zone and the streets under it; without them a place can be chosen all the same. */
  async draw(zone: ZoneCollection | null): Promise<void> {
    if (!this.map.loaded()) await this.map.once("load");
    addBoxImages(this.map);
    if (zone) {
      this.source("zone")?.setData(tinted(zone));
      this.source("outside")?.setData(outsideOf(zone));
      const bounds = boundsOf(zone);
      if (bounds && !this.marked) this.map.fitBounds(bounds, { padding: 24, animate: false });
    }
    await new GroundLayers(this.map, this.lang, () => undefined).refresh();
  }

  /** Where the mark stands. What was typed far from what is seen is gone to. */
  mark(place: Place): void {
    const at: [number, number] = [place.lon, place.lat];
    this.marker.setLngLat(at);
    if (!this.marked) this.marker.addTo(this.map);
    if (!this.marked || !this.map.getBounds().contains(at))
      this.map.jumpTo({ center: at, zoom: Math.max(this.map.getZoom(), NEAR_ZOOM) });
    this.marked = true;
  }

  destroy(): void {
    this.map.remove();
  }

  private tell({ lng, lat }: { lng: number; lat: number }): void {
    this.picked({ lon: Number(lng.toFixed(DECIMALS)), lat: Number(lat.toFixed(DECIMALS)) });
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
