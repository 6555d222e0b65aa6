/** What lies under the zone's own layers: what was imported (no internet needed), or the station's online map. */
import type { LayerSpecification, Map as MapLibre, StyleSpecification } from "maplibre-gl";
import { ApiError, read } from "../api/client.ts";

type LayerName = "green" | "water" | "buildings" | "streets";

interface Layers {
  items: { name: LayerName; version: string; attribution: string }[];
  source: { style_url: string; tiles_url: string; attribution: string };
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

/** Puts the ground under everything else; gives back whose map it is, to be shown. A map without it is still a map. */
export async function drawGround(map: MapLibre): Promise<string> {
  let found: Layers;
  try {
    found = await read<Layers>("/api/v1/zone/layers");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return "";
  }
  const under = map.getStyle().layers.find((layer) => layer.id !== "background")?.id;
  const said = new Set<string>();
  const { tiles_url, style_url, attribution } = found.source;
  if (tiles_url) {
    map.addSource("online", { type: "raster", tiles: [tiles_url], tileSize: 256 });
    map.addLayer({ id: "online", type: "raster", source: "online" }, under);
    said.add(attribution);
  } else if (style_url && (await addStyle(map, style_url, under))) said.add(attribution);
  for (const layer of found.items) {
    const source = `ground-${layer.name}`;
    map.addSource(source, {
      type: "geojson",
      data: new URL(`/api/v1/zone/layers/${layer.name}?v=${layer.version}`, location.href).href,
      maxzoom: 15,
      tolerance: 0.5,
    });
    for (const each of painted(layer.name, source)) map.addLayer(each, under);
    said.add(layer.attribution);
  }
  return [...said].filter(Boolean).join(" · ");
}

/** The layers of an online style under our own; false when it cannot be had, which changes nothing else. */
async function addStyle(map: MapLibre, url: string, under: string | undefined): Promise<boolean> {
  try {
    const style = (await (await fetch(url)).json()) as StyleSpecification;
    for (const [name, source] of Object.entries(style.sources)) map.addSource(`online-${name}`, source);
    for (const layer of style.layers) {
      const source = "source" in layer ? { source: `online-${String(layer.source)}` } : {};
      if (layer.type !== "symbol")
        map.addLayer({ ...layer, ...source, id: `online-${layer.id}` } as LayerSpecification, under);
    }
    return true;
  } catch (error) {
    console.warn("the online map cannot be had", error);
    return false;
  }
}
