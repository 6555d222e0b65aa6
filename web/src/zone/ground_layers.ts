/** What lies under the zone's own layers: what was imported (no internet needed), and above it the map that the station has set. */
import type { LayerSpecification, Map as MapLibre } from "maplibre-gl";
import { ApiError, read } from "../api/client.ts";
import type { Lang } from "../i18n/i18n.svelte.ts";
import type { Ground, Making } from "./ground.ts";
import { STATION, StationMap, type MapSource } from "./station_map.ts";

type LayerName = "green" | "water" | "buildings" | "streets";

interface Layer {
  name: LayerName;
  version: string;
  attribution: string;
  tiles_url: string;
  minzoom: number;
  maxzoom: number;
  bounds: [number, number, number, number];
}

interface Layers {
  items: Layer[];
  source: MapSource;
  making: Making | null;
}

const LOOK_AGAIN_MS = 1_500;
const LOOK_WHETHER_DRAWN_MS = 500;
const LOOK_AGAIN_FAILED_MS = 30_000;
const PREFIX = "ground-";

/** How each layer is drawn: quiet, so that incidents and units stand out. */
function painted(name: LayerName): LayerSpecification[] {
  const source = PREFIX + name;
  const of = { source, "source-layer": name };
  const id = (part: string): string => `${source}-${part}`;
  switch (name) {
    case "green":
      return [{ ...of, id: id("fill"), type: "fill", paint: { "fill-color": "#12231c" } }];
    case "water":
      return [
        {
          ...of,
          id: id("fill"),
          type: "fill",
          filter: ["!=", ["geometry-type"], "LineString"],
          paint: { "fill-color": "#0d2438" },
        },
        {
          ...of,
          id: id("line"),
          type: "line",
          filter: ["==", ["geometry-type"], "LineString"],
          paint: { "line-color": "#0d2438", "line-width": 3 },
        },
      ];
    case "buildings":
      return [
        {
          ...of,
          id: id("fill"),
          type: "fill",
          minzoom: 13,
          paint: { "fill-color": "#1d2a37", "fill-outline-color": "#2f4154" },
        },
      ];
    case "streets":
      return [
        {
          ...of,
          id: id("line"),
          type: "line",
          layout: { "line-cap": "round", "line-join": "round" },
          paint: {
            "line-color": ["match", ["get", "kind"], "main", "#52687f", "street", "#3d5064", "#2b3a49"],
            "line-width": [
              "interpolate",
              ["exponential", 1.5],
              ["zoom"],
              12,
              ["match", ["get", "kind"], "main", 1.6, 0.5],
              18,
              ["match", ["get", "kind"], "main", 15, "street", 10, 4],
            ],
          },
        },
      ];
  }
}

/** The ground under everything else, as it is now and whenever it changes. A map without it is still a map. */
export class GroundLayers {
  private station: StationMap | null = null;
  private built: Layers["items"] = [];
  private making: Making | null = null;
  private planned: ReturnType<typeof setTimeout> | undefined;
  private readonly under: string | undefined;

  constructor(
    private readonly map: MapLibre,
    private lang: Lang,
    private readonly tell: (ground: Ground) => void,
  ) {
    this.under = map.getStyle().layers.find((layer) => layer.id !== "background")?.id;
    map.once("remove", () => clearTimeout(this.planned));
  }

  /** Looks at what is imported, now and again as long as its tiles are being made, and draws it. */
  async refresh(): Promise<void> {
    clearTimeout(this.planned);
    let found: Layers;
    try {
      found = await read<Layers>("/api/v1/zone/layers");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    this.draw(found.items);
    this.making = found.making;
    this.say(found.source);
    if (this.making)
      this.planned = setTimeout(
        () => void this.refresh(),
        this.making.failed ? LOOK_AGAIN_FAILED_MS : LOOK_AGAIN_MS,
      );
    if (this.station) return;
    // Above what is built in: where it has nothing, or is away, that is what one sees.
    this.station = new StationMap(this.map, found.source, this.under, this.lang, () =>
      this.say(found.source),
    );
    await this.station.start();
  }

  speak(lang: Lang): void {
    this.lang = lang;
    this.station?.speak(lang);
  }

  private draw(items: Layer[]): void {
    if (items.map(addressOf).join() === this.built.map(addressOf).join()) return;
    const layers = this.map.getStyle().layers;
    for (const { id } of layers) if (id.startsWith(PREFIX)) this.map.removeLayer(id);
    for (const { name } of this.built) this.map.removeSource(PREFIX + name);
    const above = layers.find((layer) => layer.id.startsWith(STATION))?.id ?? this.under;
    for (const layer of items) {
      const { minzoom, maxzoom, bounds } = layer;
      this.map.addSource(PREFIX + layer.name, {
        type: "vector",
        tiles: [location.origin + addressOf(layer)],
        ...{ minzoom, maxzoom, bounds },
      });
      for (const each of painted(layer.name)) this.map.addLayer(each, above);
    }
    this.built = items;
  }

  private say({ style_url, tiles_url, attribution }: MapSource): void {
    const station = this.station?.state ?? "none";
    const built = this.built.map((layer) => layer.attribution);
    const whose = station === "drawn" ? [attribution, ...built] : built;
    this.tell({
      attribution: [...new Set(whose)].filter(Boolean).join(" · "),
      station,
      bare: this.built.length === 0 && !this.making && (station === "none" || station === "dead"),
      host: style_url || tiles_url ? new URL(style_url || tiles_url).host : "",
      making: this.making,
    });
  }
}

/** Says on the map's own box whether all of it is drawn that can be seen now. */
export function tellDrawn(map: MapLibre): void {
  const box = map.getContainer();
  let planned: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    // A tile that is not there (404) ends without a word: asked for a picture, MapLibre says that it has nothing more to do.
    if (map.loaded()) map.triggerRepaint();
    else planned = setTimeout(look, LOOK_WHETHER_DRAWN_MS);
  };
  map.on("idle", () => {
    clearTimeout(planned);
    box.dataset["drawn"] = "true";
  });
  for (const sign of ["dataloading", "movestart"] as const)
    map.on(sign, () => {
      box.dataset["drawn"] = "false";
      clearTimeout(planned);
      planned = setTimeout(look, LOOK_WHETHER_DRAWN_MS);
    });
  map.once("remove", () => clearTimeout(planned));
}

function addressOf(layer: Layer): string {
  return layer.tiles_url;
}
