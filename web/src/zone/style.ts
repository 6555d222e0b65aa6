/** How the zone is drawn: its own layers only, dark and quiet, so that incidents and units stand out. */
import thaiFont from "@fontsource/ibm-plex-sans-thai-looped/files/ibm-plex-sans-thai-looped-thai-500-normal.woff2?url";
import latinFont from "@fontsource/ibm-plex-sans-thai-looped/files/ibm-plex-sans-thai-looped-latin-500-normal.woff2?url";
import type {
  ExpressionSpecification,
  LayerSpecification,
  StyleSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";
import type { Lang } from "../i18n/i18n.svelte.ts";

const FONT = ["Plex Thai"];
const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

const layerIs = (layer: string): ExpressionSpecification => ["==", ["get", "layer"], layer];

/** The name in the language of the screen; the other one rather than none. */
export function nameIn(lang: Lang): ExpressionSpecification {
  const [first, second] = lang === "th" ? ["name_th", "name_en"] : ["name_en", "name_th"];
  return ["coalesce", ["get", first], ["get", second], ""];
}

/** Layers whose text follows the language of the screen. */
export const NAMED_LAYERS = ["community-name", "street-name", "water-name", "place-name"] as const;

const halo = { "text-halo-color": "#0a1017", "text-halo-width": 1.4 } as const;

function ground(lang: Lang): LayerSpecification[] {
  return [
    { id: "background", type: "background", paint: { "background-color": "#0e151d" } },
    {
      id: "water",
      type: "fill",
      source: "zone",
      filter: ["all", layerIs("water"), ["==", ["geometry-type"], "Polygon"]],
      paint: { "fill-color": "#0d2438" },
    },
    {
      id: "water-line",
      type: "line",
      source: "zone",
      filter: ["all", layerIs("water"), ["==", ["geometry-type"], "LineString"]],
      paint: { "line-color": "#0d2438", "line-width": 4 },
    },
    {
      id: "community",
      type: "fill",
      source: "zone",
      filter: layerIs("community"),
      paint: { "fill-color": ["coalesce", ["get", "tint"], "#1a2736"], "fill-opacity": 0.5 },
    },
    {
      id: "community-line",
      type: "line",
      source: "zone",
      filter: layerIs("community"),
      paint: { "line-color": "#3b5068", "line-width": 1, "line-dasharray": [2, 2] },
    },
    {
      id: "street-case",
      type: "line",
      source: "zone",
      filter: layerIs("street"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": "#0a1017",
        "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 13, 2.5, 18, 20],
      },
    },
    {
      id: "street",
      type: "line",
      source: "zone",
      filter: layerIs("street"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": [
          "match",
          ["get", "kind"],
          ["primary", "main", "trunk"],
          "#52687f",
          ["secondary"],
          "#435970",
          "#37495b",
        ],
        "line-width": [
          "interpolate",
          ["exponential", 1.5],
          ["zoom"],
          13,
          1.2,
          18,
          ["match", ["get", "kind"], ["primary", "main", "trunk"], 16, 11],
        ],
      },
    },
    {
      id: "outside",
      type: "fill",
      source: "outside",
      paint: { "fill-color": "#04070b", "fill-opacity": 0.45 },
    },
    {
      id: "boundary-glow",
      type: "line",
      source: "zone",
      filter: layerIs("boundary"),
      paint: { "line-color": "#3d8fe8", "line-width": 9, "line-opacity": 0.16, "line-blur": 5 },
    },
    {
      id: "boundary",
      type: "line",
      source: "zone",
      filter: layerIs("boundary"),
      paint: { "line-color": "#5aa7f5", "line-width": 2, "line-dasharray": [4, 2] },
    },
    {
      id: "street-name",
      type: "symbol",
      source: "zone",
      minzoom: 14.5,
      filter: layerIs("street"),
      layout: {
        "symbol-placement": "line",
        "text-field": nameIn(lang),
        "text-font": FONT,
        "text-size": 12,
        "text-max-angle": 30,
      },
      paint: { ...halo, "text-color": "#8194a8" },
    },
    {
      id: "water-name",
      type: "symbol",
      source: "zone",
      filter: layerIs("water"),
      layout: { "text-field": nameIn(lang), "text-font": FONT, "text-size": 14, "text-letter-spacing": 0.05 },
      paint: { "text-color": "#4d83b3", "text-halo-color": "#0d2438", "text-halo-width": 1 },
    },
    {
      id: "community-name",
      type: "symbol",
      source: "zone",
      filter: layerIs("community"),
      layout: { "text-field": nameIn(lang), "text-font": FONT, "text-size": 14, "text-max-width": 9 },
      paint: { ...halo, "text-color": "#9db4cc" },
    },
    {
      id: "place-dot",
      type: "circle",
      source: "zone",
      minzoom: 14,
      filter: layerIs("place"),
      paint: {
        "circle-radius": 3,
        "circle-color": "#7d8ea1",
        "circle-stroke-color": "#0a1017",
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "place-name",
      type: "symbol",
      source: "zone",
      minzoom: 14.6,
      filter: layerIs("place"),
      layout: {
        "text-field": nameIn(lang),
        "text-font": FONT,
        "text-size": 12,
        "text-anchor": "top",
        "text-offset": [0, 0.5],
        "text-max-width": 8,
      },
      paint: { ...halo, "text-color": "#a9b8c8" },
    },
  ];
}

/** Many free units are dots until somebody comes this near; those on an incident always have sign and name. */
const CROWD_OPENS_AT = 16.5;

const unitSigns = {
  type: "symbol",
  source: "units",
  layout: {
    "icon-image": ["get", "image"],
    "icon-allow-overlap": true,
    "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.6, 15, 0.9],
    "text-field": ["get", "label"],
    "text-font": FONT,
    "text-size": 12.5,
    "text-anchor": "top",
    "text-offset": [0, 1.25],
    "text-optional": true,
  },
  paint: { ...halo, "text-color": ["case", ["get", "old"], "#ffc86b", "#e9eff6"] },
} as const satisfies Omit<SymbolLayerSpecification, "id">;

const things: LayerSpecification[] = [
  {
    id: "asset-near",
    type: "circle",
    source: "assets",
    filter: ["get", "near"],
    paint: {
      "circle-radius": 17,
      "circle-color": "#3d8fe8",
      "circle-opacity": 0.22,
      "circle-stroke-color": "#5aa7f5",
      "circle-stroke-width": 1.5,
    },
  },
  {
    id: "asset",
    type: "symbol",
    source: "assets",
    layout: {
      "icon-image": ["get", "image"],
      "icon-size": ["interpolate", ["linear"], ["zoom"], 13, 0.55, 16, 1],
      "icon-allow-overlap": true,
      "text-field": ["step", ["zoom"], "", 16.4, ["get", "label"]],
      "text-font": FONT,
      "text-size": 11,
      "text-anchor": "top",
      "text-offset": [0, 1.1],
      "text-optional": true,
    },
    paint: { ...halo, "text-color": "#8fa3b8" },
  },
  {
    id: "incident-pulse",
    type: "circle",
    source: "incidents",
    filter: ["get", "unacknowledged"],
    paint: {
      "circle-radius": 16,
      "circle-radius-transition": { duration: 700, delay: 0 },
      "circle-color": "#ff4d46",
      "circle-opacity": 0.35,
      "circle-opacity-transition": { duration: 700, delay: 0 },
      "circle-stroke-color": "#ff928c",
      "circle-stroke-width": 1,
    },
  },
  {
    id: "incident-chosen",
    type: "circle",
    source: "incidents",
    filter: ["get", "chosen"],
    paint: {
      "circle-radius": 24,
      "circle-color": "#ffffff",
      "circle-opacity": 0.1,
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 2,
    },
  },
  {
    id: "unit-marked",
    type: "circle",
    source: "units",
    filter: ["in", ["get", "id"], ["literal", []]],
    paint: {
      "circle-radius": 21,
      "circle-color": "#ffffff",
      "circle-opacity": 0.08,
      "circle-stroke-color": "#8ec5ff",
      "circle-stroke-width": 2,
    },
  },
  {
    id: "unit-dot",
    type: "circle",
    source: "units",
    maxzoom: CROWD_OPENS_AT,
    filter: ["get", "crowd"],
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 2.5, 16, 6],
      "circle-color": ["case", ["get", "old"], "rgba(9, 13, 18, 0.7)", ["get", "colour"]],
      "circle-stroke-color": ["case", ["get", "old"], ["get", "colour"], "#0f151d"],
      "circle-stroke-width": 1.5,
    },
  },
  { ...unitSigns, id: "unit-crowd", minzoom: CROWD_OPENS_AT, filter: ["get", "crowd"] },
  { ...unitSigns, id: "unit", filter: ["!", ["get", "crowd"]] },
  {
    id: "incident",
    type: "symbol",
    source: "incidents",
    layout: {
      "icon-image": ["get", "image"],
      "icon-anchor": "bottom",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "symbol-sort-key": ["get", "order"],
    },
  },
  {
    id: "pin",
    type: "symbol",
    source: "pin",
    layout: {
      "icon-image": "pin",
      "icon-anchor": "bottom",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
  },
];

/** The whole style; nothing in it comes from the internet. */
export function zoneStyle(lang: Lang): StyleSpecification {
  // Few large tiles (still exact to 0.6 m) instead of many small ones: an update is one redraw with few strokes.
  const source = { type: "geojson", data: EMPTY, maxzoom: 13, buffer: 64 } as const;
  return {
    version: 8,
    "font-faces": {
      "Plex Thai": [
        { url: new URL(thaiFont, location.href).href, "unicode-range": ["U+0E01-0E5B"] },
        { url: new URL(latinFont, location.href).href },
      ],
    },
    sources: { zone: source, outside: source, assets: source, units: source, incidents: source, pin: source },
    layers: [...ground(lang), ...things],
  };
}
