/** How the map on which the ground is drawn looks beyond the map of the zone: what is drawn, marked and compared. */
import type { LayerSpecification } from "maplibre-gl";

export type Overlay = "compare" | "estate" | "boxes" | "preview" | "drawing" | "snap" | "marks";
export const OVERLAYS: readonly Overlay[] = [
  "compare",
  "estate",
  "boxes",
  "preview",
  "drawing",
  "snap",
  "marks",
];

export const EDIT_LAYERS: LayerSpecification[] = [
  {
    id: "compare",
    type: "line",
    source: "compare",
    paint: { "line-color": "#ffc86b", "line-width": 2.5, "line-dasharray": [2, 2] },
  },
  {
    id: "estate",
    type: "circle",
    source: "estate",
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1.5, 16, 4],
      "circle-color": "#8ea3b8",
      "circle-opacity": 0.45,
      "circle-stroke-color": "#0a1017",
      "circle-stroke-width": 1,
      "circle-stroke-opacity": 0.6,
    },
  },
  {
    id: "boxes",
    type: "symbol",
    source: "boxes",
    layout: {
      "icon-image": ["case", ["get", "chosen"], "red-box-chosen", "red-box"],
      "icon-allow-overlap": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.55, 16, 1],
      "text-field": ["step", ["zoom"], "", 15, ["get", "label"]],
      "text-font": ["Plex Thai"],
      "text-size": 12,
      "text-anchor": "top",
      "text-offset": [0, 1],
      "text-optional": true,
    },
    paint: { "text-color": "#ffb3ae", "text-halo-color": "#0a1017", "text-halo-width": 1.4 },
  },
  {
    id: "preview-fill",
    type: "fill",
    source: "preview",
    filter: ["!=", ["geometry-type"], "Point"],
    paint: {
      "fill-color": ["case", ["==", ["get", "faulty"], true], "#ff5a52", "#35c97c"],
      "fill-opacity": 0.22,
    },
  },
  {
    id: "preview-line",
    type: "line",
    source: "preview",
    filter: ["!=", ["geometry-type"], "Point"],
    paint: { "line-color": ["case", ["==", ["get", "faulty"], true], "#ff928c", "#78dba4"], "line-width": 2 },
  },
  {
    id: "preview-point",
    type: "circle",
    source: "preview",
    filter: ["==", ["geometry-type"], "Point"],
    paint: {
      "circle-radius": 6,
      "circle-color": "#35c97c",
      "circle-stroke-color": "#0a1017",
      "circle-stroke-width": 2,
    },
  },
  {
    id: "drawing-fill",
    type: "fill",
    source: "drawing",
    filter: ["==", ["get", "part"], "area"],
    paint: { "fill-color": "#8ec5ff", "fill-opacity": 0.16 },
  },
  {
    id: "drawing-line",
    type: "line",
    source: "drawing",
    filter: ["==", ["get", "part"], "line"],
    paint: { "line-color": "#8ec5ff", "line-width": 2.5 },
  },
  {
    id: "drawing-between",
    type: "circle",
    source: "drawing",
    filter: ["==", ["get", "part"], "between"],
    paint: {
      "circle-radius": 4,
      "circle-color": "#11263d",
      "circle-stroke-color": "#8ec5ff",
      "circle-stroke-width": 1.5,
    },
  },
  {
    id: "drawing-corner",
    type: "circle",
    source: "drawing",
    filter: ["==", ["get", "part"], "corner"],
    paint: {
      "circle-radius": ["case", ["get", "first"], 9, 6.5],
      "circle-color": ["case", ["get", "first"], "#35c97c", "#e9eff6"],
      "circle-stroke-color": "#2a76cf",
      "circle-stroke-width": 2.5,
    },
  },
  {
    id: "snap",
    type: "circle",
    source: "snap",
    paint: {
      "circle-radius": ["case", ["==", ["get", "on"], "corner"], 12, 9],
      "circle-color": "#ffc86b",
      "circle-opacity": 0.2,
      "circle-stroke-color": "#ffc86b",
      "circle-stroke-width": ["case", ["==", ["get", "on"], "corner"], 3, 2],
    },
  },
  {
    id: "marks",
    type: "circle",
    source: "marks",
    paint: {
      "circle-radius": 14,
      "circle-color": "#d42f34",
      "circle-opacity": 0.35,
      "circle-stroke-color": "#ff928c",
      "circle-stroke-width": 3,
    },
  },
];
