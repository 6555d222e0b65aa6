/** How vector tiles of other people are drawn: in the quiet colours of the zone's own map, whatever they call things. */
import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type { Lang } from "../i18n/i18n.svelte.ts";

type Sort = "water" | "green" | "road" | "building" | "name" | "land" | "other";

/** What a layer holds, by the names of Protomaps, OpenMapTiles and Shortbread; `land` is the ground itself. */
export function sortOf(layer: string): Sort {
  const name = layer.toLowerCase();
  if (/label|name|^places?$|^pois?$/.test(name)) return "name";
  if (/water|ocean|sea$|river|lake/.test(name)) return "water";
  if (/build/.test(name)) return "building";
  if (/road|street|transport|highway|rail/.test(name)) return "road";
  if (/^(earth|landmass)$/.test(name)) return "land";
  if (/^land|park|green|natural|vegetation|wood|forest/.test(name)) return "green";
  return "other";
}

const KIND: ExpressionSpecification = ["coalesce", ["get", "kind"], ["get", "class"], ["get", "type"], ""];
const MAIN = ["motorway", "trunk", "primary", "secondary", "highway", "major_road", "main"];
const SMALL = ["path", "footway", "track", "service", "other", "rail", "transit", "ferry", "pedestrian"];
const GREENS = [
  ...["park", "wood", "forest", "grass", "grassland", "garden", "meadow", "scrub", "wetland", "cemetery"],
  ...["nature_reserve", "golf_course", "pitch", "recreation_ground", "village_green", "national_park"],
];

/** The name in the language of the screen as tiles carry it; the one of the place itself rather than none. */
export function tileName(lang: Lang): ExpressionSpecification {
  const other = lang === "th" ? "en" : "th";
  const keys = [`name:${lang}`, `name_${lang}`, "name", `name:${other}`, `name_${other}`];
  return ["coalesce", ...keys.map((key): ExpressionSpecification => ["get", key]), ""];
}

const isLine: FilterSpecification = ["==", ["geometry-type"], "LineString"];
const isArea: FilterSpecification = ["==", ["geometry-type"], "Polygon"];

/** The layers of one layer of tiles; `prefix` begins their ids. */
export function tileLayers(
  layer: string,
  prefix: string,
  lang: Lang,
  font: string[],
  source = prefix,
): LayerSpecification[] {
  const of = { source, "source-layer": layer };
  const id = (part: string): string => `${prefix}-${layer}-${part}`;
  const area = (colour: string, more: FilterSpecification = isArea): LayerSpecification => ({
    ...of,
    id: id("area"),
    type: "fill",
    filter: more,
    paint: { "fill-color": colour },
  });
  switch (sortOf(layer)) {
    case "land":
      return [area("#0e151d")];
    case "water":
      return [
        area("#0d2438"),
        {
          ...of,
          id: id("line"),
          type: "line",
          filter: isLine,
          paint: { "line-color": "#0d2438", "line-width": 3 },
        },
      ];
    case "green":
      return [area("#12231c", ["all", isArea, ["in", KIND, ["literal", GREENS]]] as FilterSpecification)];
    case "building":
      return [
        {
          ...of,
          id: id("area"),
          type: "fill",
          minzoom: 13,
          filter: isArea,
          paint: { "fill-color": "#1d2a37", "fill-outline-color": "#2f4154" },
        },
      ];
    case "road":
      return [road(of, id("line")), names(of, id("name"), lang, font, true)];
    case "name":
      return [names(of, id("name"), lang, font, false)];
    case "other":
      return [
        {
          ...of,
          id: id("line"),
          type: "line",
          paint: { "line-color": "#37495b", "line-width": 1 },
        },
      ];
  }
}

interface Of {
  source: string;
  "source-layer": string;
}

function road(of: Of, id: string): LayerSpecification {
  const wide: ExpressionSpecification = ["in", KIND, ["literal", MAIN]];
  const thin: ExpressionSpecification = ["in", KIND, ["literal", SMALL]];
  return {
    ...of,
    id,
    type: "line",
    filter: isLine,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": ["case", wide, "#52687f", thin, "#2b3a49", "#3d5064"],
      "line-width": [
        ...(["interpolate", ["exponential", 1.5], ["zoom"]] as const),
        ...[12, ["case", wide, 1.6, 0.5], 18, ["case", wide, 15, thin, 4, 10]],
      ] as ExpressionSpecification,
    },
  };
}

function names(of: Of, id: string, lang: Lang, font: string[], along: boolean): LayerSpecification {
  return {
    ...of,
    id,
    type: "symbol",
    minzoom: along ? 14.5 : 10,
    layout: {
      "symbol-placement": along ? "line" : "point",
      "text-field": tileName(lang),
      "text-font": font,
      "text-size": 12,
      "text-max-angle": 30,
    },
    paint: { "text-color": "#8194a8", "text-halo-color": "#0a1017", "text-halo-width": 1.4 },
  };
}
