/** The signs of the map, drawn once on canvases: shape says what it is, colour and a mark say how it is. */
import type { Map as MapLibre } from "maplibre-gl";
import { shapes, type IconName } from "../ui/icons.ts";
import type { Readiness } from "../api/types.ts";
import { TONES } from "./features.ts";

const SCALE = 2; // drawn at double size so that they stay sharp on dense screens

type Painter = (context: CanvasRenderingContext2D) => void;

export const COLOURS = {
  p1: "#ff4d46",
  p2: "#ff9a3d",
  p3: "#e8cf4a",
  p4: "#8fa3b8",
  ...TONES,
  READY: "#35c97c",
  WATCH: "#f0a020",
  DOWN: "#ff4d46",
  UNKNOWN: "#a9b8c8",
  PLANNED: "#5d7085",
  paper: "#0f151d",
  white: "#ffffff",
} as const;

type AssetSign = "camera_site" | "sos_point" | "other";
const SIGNS: Record<AssetSign, IconName> = {
  camera_site: "camera",
  sos_point: "sos_point",
  other: "equipment",
};

/** Adds every sign to the map. */
export function addImages(map: MapLibre): void {
  for (const priority of [1, 2, 3, 4] as const) {
    for (const state of ["new", "open", "closed"] as const)
      add(map, `incident-${priority}-${state}`, 40, incident(priority, state));
  }
  for (const kind of ["car", "motorcycle", "foot"] as const) {
    for (const tone of ["free", "busy", "scene", "off"] as const) {
      for (const age of ["fresh", "stale"] as const)
        add(map, `unit-${kind}-${tone}-${age}`, 32, unit(kind, COLOURS[tone], age === "stale"));
    }
  }
  for (const kind of ["camera_site", "sos_point", "other"] as const) {
    for (const readiness of ["READY", "WATCH", "DOWN", "UNKNOWN", "PLANNED"] as const) {
      add(map, `asset-${kind}-${readiness}`, 26, asset(kind, readiness));
    }
  }
  add(map, "pin", 44, pin);
}

const signs = new Map<string, HTMLCanvasElement | null>();

/** The sign of a thing of this kind, so well, for who draws it without MapLibre; made once, when its letters are there. */
export function assetSign(kind: string, readiness: Readiness | "PLANNED"): HTMLCanvasElement | null {
  const shape = kind in SIGNS ? (kind as AssetSign) : "other";
  const name = `${shape}-${readiness}`;
  if (!signs.has(name)) signs.set(name, painted(26, asset(shape, readiness))?.canvas ?? null);
  return signs.get(name) ?? null;
}

/** The signs of red boxes, for the map on which the zone is drawn. */
export function addBoxImages(map: MapLibre): void {
  add(map, "red-box", 26, redBox(false));
  add(map, "red-box-chosen", 26, redBox(true));
}

function redBox(chosen: boolean): Painter {
  return (c) => {
    c.fillStyle = "#d42f34";
    c.strokeStyle = chosen ? COLOURS.white : "#ffb3ae";
    c.lineWidth = chosen ? 3 : 1.5;
    c.beginPath();
    c.roundRect(5, 3, 16, 20, 3);
    c.fill();
    c.stroke();
    c.fillStyle = COLOURS.white;
    c.fillRect(9, 8, 8, 2.5);
    c.fillRect(9, 13, 8, 2.5);
  };
}

function add(map: MapLibre, name: string, size: number, paint: Painter): void {
  const context = painted(size, paint);
  const { width, height } = context?.canvas ?? { width: 0, height: 0 };
  if (context) map.addImage(name, context.getImageData(0, 0, width, height), { pixelRatio: SCALE });
}

function painted(size: number, paint: Painter): CanvasRenderingContext2D | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * SCALE;
  const context = canvas.getContext("2d");
  context?.scale(SCALE, SCALE);
  if (context) paint(context);
  return context;
}

/** A drop with the priority's number: numbers are read where colours are not seen. */
function incident(priority: 1 | 2 | 3 | 4, state: "new" | "open" | "closed"): Painter {
  const colour = state === "closed" ? COLOURS.PLANNED : COLOURS[`p${priority}`];
  return (c) => {
    const path = new Path2D("M20 38 C16 32 7 26 7 17 A13 13 0 0 1 33 17 C33 26 24 32 20 38 Z");
    c.lineWidth = 2.5;
    c.strokeStyle = state === "new" ? COLOURS.white : COLOURS.paper;
    c.fillStyle = colour;
    c.fill(path);
    c.stroke(path);
    c.fillStyle = "#0b0f14";
    c.font = '700 18px "Plex Thai", sans-serif';
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(String(priority), 20, 19);
  };
}

const UNIT_SHAPES = {
  car: "M7 5h18a3 3 0 0 1 3 3v16a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3Z",
  motorcycle: "M16 2.5 30 16 16 29.5 2 16Z",
  foot: "M16 3a13 13 0 1 1 0 26 13 13 0 0 1 0-26Z",
} as const;

function unit(kind: keyof typeof UNIT_SHAPES, colour: string, hollow: boolean): Painter {
  return (c) => {
    const path = new Path2D(UNIT_SHAPES[kind]);
    c.fillStyle = hollow ? "rgba(9, 13, 18, 0.72)" : colour;
    c.fill(path);
    c.lineWidth = hollow ? 2 : 1.5;
    c.strokeStyle = hollow ? colour : COLOURS.paper;
    if (hollow) c.setLineDash([4, 3]);
    c.stroke(path);
    c.setLineDash([]);
    const size = kind === "motorcycle" ? 16 : 18;
    icon(c, kind, (32 - size) / 2, (32 - size) / 2, size, hollow ? colour : "#071018");
  };
}

function asset(kind: AssetSign, readiness: keyof typeof COLOURS): Painter {
  return (c) => {
    const colour = COLOURS[readiness];
    const planned = readiness === "PLANNED";
    const path =
      kind === "sos_point"
        ? new Path2D("M13 2 22.5 7.5v11L13 24 3.5 18.5v-11Z")
        : new Path2D("M4 4h18v18H4Z");
    c.fillStyle = "rgba(15, 21, 29, 0.92)";
    c.fill(path);
    c.lineWidth = 1.6;
    c.strokeStyle = colour;
    if (planned) c.setLineDash([3, 2.5]);
    c.stroke(path);
    c.setLineDash([]);
    icon(c, SIGNS[kind], 6, 6, 14, colour);
    if (readiness === "DOWN") stroke(c, "M4 22 22 4", colour, 2.2);
    if (readiness === "WATCH" || readiness === "UNKNOWN") mark(c, readiness === "WATCH" ? "!" : "?", colour);
  };
}

function mark(c: CanvasRenderingContext2D, text: string, colour: string): void {
  c.fillStyle = colour;
  c.beginPath();
  c.arc(21, 5, 5, 0, 7);
  c.fill();
  c.fillStyle = "#071018";
  c.font = '700 8.5px "Plex Thai", sans-serif';
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(text, 21, 5.4);
}

function pin(c: CanvasRenderingContext2D): void {
  c.fillStyle = COLOURS.white;
  c.strokeStyle = COLOURS.busy;
  c.lineWidth = 3;
  const path = new Path2D("M22 41 C18 34 9 28 9 18 A13 13 0 0 1 35 18 C35 28 26 34 22 41 Z");
  c.fill(path);
  c.stroke(path);
  c.fillStyle = COLOURS.busy;
  c.beginPath();
  c.arc(22, 18, 5, 0, 7);
  c.fill();
}

function icon(
  c: CanvasRenderingContext2D,
  name: IconName,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  c.save();
  c.translate(x, y);
  c.scale(size / 24, size / 24);
  for (const d of shapes[name]) stroke(c, d, colour, 2.2);
  c.restore();
}

function stroke(c: CanvasRenderingContext2D, d: string, colour: string, width: number): void {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.lineCap = c.lineJoin = "round";
  c.stroke(new Path2D(d));
}
