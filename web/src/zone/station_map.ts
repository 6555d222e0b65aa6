/** The map that the station has set (PMTiles, a style, raster tiles): put under the zone, watched, and tried again. */
import { addProtocol, type ErrorEvent, type LayerSpecification, type Map as MapLibre } from "maplibre-gl";
import type { MapSourceDataEvent, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { FetchSource, PMTiles, Protocol, TileType } from "pmtiles";
import type { Lang } from "../i18n/i18n.svelte.ts";
import type { MapState } from "./ground.ts";
import { tileLayers, tileName } from "./tile_style.ts";

export interface MapSource {
  pmtiles_url: string;
  style_url: string;
  tiles_url: string;
  attribution: string;
}

/** With this the names of its layers and sources begin. */
export const STATION = "station";
const PREFIX = STATION;
const FONT = ["Plex Thai"];
const TURN_MS = 1_000;
const TRY_AGAIN_MS = 30_000;
/** One tile that fails is a hole; so many in a row are a server that is away. */
const MOST_FAILED = 3;

/** Maps that are read with ranges of one file; MapLibre asks for their tiles by this. */
const files = new Protocol();
addProtocol("pmtiles", files.tile);

export class StationMap {
  state: MapState = "none";
  private failed = 0;
  private triedAt = 0;
  private hidden: string[] = [];

  constructor(
    private readonly map: MapLibre,
    private readonly source: MapSource,
    private readonly under: string | undefined,
    private lang: Lang,
    private readonly tell: () => void,
  ) {}

  get address(): string {
    return this.source.pmtiles_url || this.source.style_url || this.source.tiles_url;
  }

  async start(): Promise<void> {
    if (!this.address) return;
    this.become("asked");
    this.map.on("error", this.onError);
    this.map.on("sourcedata", this.onData);
    const again = (): void => void this.retry();
    const turns = setInterval(() => this.turn(), TURN_MS);
    window.addEventListener("online", again);
    this.map.once("remove", () => {
      clearInterval(turns);
      window.removeEventListener("online", again);
    });
    await this.add();
  }

  speak(lang: Lang): void {
    this.lang = lang;
    for (const layer of this.own())
      if (layer.type === "symbol" && this.source.pmtiles_url)
        this.map.setLayoutProperty(layer.id, "text-field", tileName(lang));
  }

  private turn(): void {
    // Everything was asked for and nothing of it came: a server without such tiles says 404, which MapLibre keeps to itself.
    const asked = performance.now() - this.triedAt > TURN_MS && this.own().length > 0;
    if (this.state === "asked" && asked && this.map.areTilesLoaded()) this.become("dead");
    if (performance.now() - this.triedAt > TRY_AGAIN_MS) void this.retry();
  }

  private async retry(): Promise<void> {
    if (this.state !== "dead") return;
    for (const layer of this.own()) this.map.removeLayer(layer.id);
    for (const name of Object.keys(this.map.getStyle().sources))
      if (name.startsWith(PREFIX)) this.map.removeSource(name);
    this.hidden = [];
    this.failed = 0;
    await this.add();
  }

  private async add(): Promise<void> {
    this.triedAt = performance.now();
    const { pmtiles_url, tiles_url, style_url } = this.source;
    try {
      if (pmtiles_url) await this.addFile(new URL(pmtiles_url, location.href).href);
      else if (style_url) await this.addStyle(style_url);
      else this.addPictures({ tiles: [tiles_url], tileSize: 256 });
    } catch (error) {
      console.warn("the station's map cannot be had", error);
      this.become("dead");
    }
  }

  private async addFile(url: string): Promise<void> {
    const file = new PMTiles(new FetchSource(url));
    files.add(file); // anew each time: one that failed to open stays failed
    const { tileType, minZoom, maxZoom, minLon, minLat, maxLon, maxLat } = await file.getHeader();
    const at = {
      tiles: [`pmtiles://${url}/{z}/{x}/{y}`],
      minzoom: minZoom,
      maxzoom: maxZoom,
      bounds: [minLon, minLat, maxLon, maxLat] as [number, number, number, number],
    };
    if (tileType !== TileType.Mvt) {
      this.addPictures({ ...at, tileSize: 256 });
      return;
    }
    const said = (await file.getMetadata()) as { vector_layers?: { id: string }[] };
    this.map.addSource(PREFIX, { type: "vector", ...at });
    for (const { id } of said.vector_layers ?? [])
      for (const layer of tileLayers(id, PREFIX, this.lang, FONT)) this.map.addLayer(layer, this.under);
  }

  private addPictures(source: Partial<SourceSpecification>): void {
    this.map.addSource(PREFIX, { type: "raster", ...source } as SourceSpecification);
    const paint = { "raster-brightness-max": 0.72, "raster-saturation": -0.35 };
    this.map.addLayer({ id: PREFIX, type: "raster", source: PREFIX, paint }, this.under);
  }

  private async addStyle(url: string): Promise<void> {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: ${String(answer.status)}`);
    const style = (await answer.json()) as StyleSpecification;
    for (const [name, source] of Object.entries(style.sources))
      this.map.addSource(`${PREFIX}-${name}`, source);
    for (const layer of style.layers) {
      const drawn = ours(layer);
      if (!drawn) continue;
      this.map.addLayer(drawn, this.under);
      if (drawn.type !== "background") continue;
      // It would cover the built-in ground: it is shown once the style's own tiles are there.
      this.map.setLayoutProperty(drawn.id, "visibility", "none");
      this.hidden.push(drawn.id);
    }
  }

  private own(): LayerSpecification[] {
    return this.map.getStyle().layers.filter((layer) => layer.id.startsWith(PREFIX));
  }

  private become(state: MapState): void {
    for (const id of this.hidden)
      this.map.setLayoutProperty(id, "visibility", state === "drawn" ? "visible" : "none");
    if (this.state === state) return;
    this.state = state;
    this.tell();
  }

  private readonly onError = (event: ErrorEvent & { sourceId?: string }): void => {
    if (!event.sourceId?.startsWith(PREFIX)) {
      console.error(event.error); // MapLibre says it only where nobody listens
      return;
    }
    this.failed += 1;
    if (this.state === "asked" || this.failed >= MOST_FAILED) this.become("dead");
  };

  private readonly onData = (event: MapSourceDataEvent): void => {
    if (!event.sourceId.startsWith(PREFIX) || !isLoaded(event.tile)) return;
    this.failed = 0;
    this.become("drawn");
  };
}

/** A layer of somebody's style as one of ours: its signs and patterns need pictures that we do not ask for, its names our letters. */
function ours(layer: LayerSpecification): LayerSpecification | null {
  const source = "source" in layer ? { source: `${PREFIX}-${String(layer.source)}` } : {};
  const paint = "paint" in layer ? { paint: without(layer.paint, /-pattern$/) } : {};
  const copy = { ...layer, ...source, ...paint, id: `${PREFIX}-${layer.id}` } as LayerSpecification;
  if (copy.type !== "symbol") return copy;
  const layout = without(copy.layout, /^icon-/);
  if (!("text-field" in layout)) return null;
  return { ...copy, layout: { ...layout, "text-font": FONT } };
}

function without(said: object | undefined, names: RegExp): Record<string, unknown> {
  return Object.fromEntries(Object.entries(said ?? {}).filter(([key]) => !names.test(key)));
}

function isLoaded(tile: unknown): boolean {
  return (tile as { state?: string } | undefined)?.state === "loaded";
}
