/** What lies under the zone's own layers: what was imported (no internet needed), and above it the map that the station has set. */
import type { LayerSpecification, Map as MapLibre } from "maplibre-gl";
import { ApiError, read } from "../api/client.ts";
import type { Lang } from "../i18n/i18n.svelte.ts";
import type { Ground, MapState } from "./ground.ts";
import { StationMap, type MapSource } from "./station_map.ts";

type LayerName = "green" | "water" | "buildings" | "streets";

interface Layers {
  items: { name: LayerName; version: string; attribution: string }[];
  source: MapSource;
}

/** How each layer is drawn: quiet, so that incidents and units stand out. */
function painted(name: LayerName, source: string): LayerSpecification[] {
  const id = (part: string): string => `${source}-${part}`;
  switch (name) {
    case "green":
      return [{ id: id("fill"), source, type: "fill", paint: { "fill-color": "#12231c" } }];
    case "water":
      return [
        {
          id: id("fill"),
          source,
          type: "fill",
          filter: ["!=", ["geometry-type"], "LineString"],
          paint: { "fill-color": "#0d2438" },
        },
        {
          id: id("line"),
          source,
          type: "line",
          filter: ["==", ["geometry-type"], "LineString"],
          paint: { "line-color": "#0d2438", "line-width": 3 },
        },
      ];
    case "buildings":
      return [
        {
          id: id("fill"),
          source,
          type: "fill",
          minzoom: 13,
          paint: { "fill-color": "#1d2a37", "fill-outline-color": "#2f4154" },
        },
      ];
    case "streets":
      return [
        {
          id: id("line"),
          source,
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

/** Puts the ground under everything else and tells how it is, now and whenever it changes. A map without it is still a map. */
export async function drawGround(
  map: MapLibre,
  lang: Lang,
  tell: (ground: Ground) => void,
): Promise<StationMap | null> {
  let found: Layers;
  try {
    found = await read<Layers>("/api/v1/zone/layers");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
  const under = map.getStyle().layers.find((layer) => layer.id !== "background")?.id;
  for (const layer of found.items) {
    const source = `ground-${layer.name}`;
    map.addSource(source, {
      type: "geojson",
      data: new URL(`/api/v1/zone/layers/${layer.name}?v=${layer.version}`, location.href).href,
      maxzoom: 15,
      tolerance: 0.5,
    });
    for (const each of painted(layer.name, source)) map.addLayer(each, under);
  }
  const built = found.items.map((layer) => layer.attribution);
  const { style_url, tiles_url, attribution } = found.source;
  const host = style_url || tiles_url ? new URL(style_url || tiles_url).host : "";
  const say = (station: MapState): void => {
    const whose = station === "drawn" ? [attribution, ...built] : built;
    const bare = found.items.length === 0 && (station === "none" || station === "dead");
    tell({ attribution: [...new Set(whose)].filter(Boolean).join(" · "), station, bare, host });
  };
  say("none");
  // Above what is built in: where it has nothing, or is away, that is what one sees.
  const station = new StationMap(map, found.source, under, lang, say);
  await station.start();
  return station;
}
