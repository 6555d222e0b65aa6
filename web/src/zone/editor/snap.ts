/** Where a corner is meant to be when it is set close to a line that is there already: neighbours share their edges. */
import type { Corner } from "./outline.ts";

export interface Snapped {
  readonly at: Corner;
  readonly on: "corner" | "edge";
}

interface Spot {
  x: number;
  y: number;
}

export type Project = (corner: Corner) => Spot;

/** The lines of an area or line, each as its corners. */
export function linesOf(geometry: GeoJSON.Geometry): Corner[][] {
  if (geometry.type === "Polygon") return geometry.coordinates as Corner[][];
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flat() as Corner[][];
  return [];
}

/**
 * The corner within `reachPx` of a place on the screen, the nearest one; where there is none, the nearest place on an edge.
 * A corner goes before an edge: two areas that share corners share the edge between them, to the last digit.
 */
export function snap(
  lines: readonly Corner[][],
  here: Spot,
  project: Project,
  reachPx: number,
): Snapped | null {
  let corner: Snapped | null = null;
  let edge: Snapped | null = null;
  let [toCorner, toEdge] = [reachPx, reachPx];
  for (const line of lines) {
    let before: { corner: Corner; spot: Spot } | null = null;
    for (const each of line) {
      const spot = project(each);
      const away = Math.hypot(spot.x - here.x, spot.y - here.y);
      if (away < toCorner) [toCorner, corner] = [away, { at: [each[0], each[1]], on: "corner" }];
      if (before && !corner) {
        const share = nearestShare(before.spot, spot, here);
        const near = { x: mix(before.spot.x, spot.x, share), y: mix(before.spot.y, spot.y, share) };
        const off = Math.hypot(near.x - here.x, near.y - here.y);
        const at: Corner = [mix(before.corner[0], each[0], share), mix(before.corner[1], each[1], share)];
        if (off < toEdge) [toEdge, edge] = [off, { at, on: "edge" }];
      }
      before = { corner: each, spot };
    }
  }
  return corner ?? edge;
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** How far along a segment the place nearest to `here` is, from 0 to 1. */
function nearestShare(from: Spot, to: Spot, here: Spot): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  return length === 0
    ? 0
    : Math.min(1, Math.max(0, ((here.x - from.x) * dx + (here.y - from.y) * dy) / length));
}
