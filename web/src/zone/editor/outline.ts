/** An outline while somebody draws it: corners are set, moved, put between, taken away; every step can be undone. */
export type Corner = [lon: number, lat: number];

export interface Outline {
  readonly corners: readonly Corner[];
  readonly closed: boolean;
}

interface Drawn extends Outline {
  readonly before: readonly Outline[];
}

export const EMPTY: Drawn = { corners: [], closed: false, before: [] };
const MOST_UNDO = 200;

function next(drawn: Drawn, corners: readonly Corner[], closed = drawn.closed): Drawn {
  const { corners: was, closed: wasClosed } = drawn;
  return {
    corners,
    closed,
    before: [...drawn.before.slice(-MOST_UNDO), { corners: was, closed: wasClosed }],
  };
}

/** A corner behind the last one; nothing when the outline is closed already. */
export function add(drawn: Drawn, corner: Corner): Drawn {
  return drawn.closed ? drawn : next(drawn, [...drawn.corners, corner]);
}

/** The last corner is joined with the first; nothing with fewer than three. */
export function close(drawn: Drawn): Drawn {
  return drawn.closed || drawn.corners.length < 3 ? drawn : next(drawn, drawn.corners, true);
}

/** A corner is somewhere else; without `remember` it is one of the many places of a drag. */
export function move(drawn: Drawn, n: number, corner: Corner, remember = true): Drawn {
  const corners = drawn.corners.map((each, i) => (i === n ? corner : each));
  return remember ? next(drawn, corners) : { ...drawn, corners };
}

/** A new corner behind corner `n`. */
export function insert(drawn: Drawn, n: number, corner: Corner): Drawn {
  return next(drawn, [...drawn.corners.slice(0, n + 1), corner, ...drawn.corners.slice(n + 1)]);
}

/** Corner `n` is gone; a closed outline keeps three. */
export function remove(drawn: Drawn, n: number): Drawn {
  if (drawn.closed && drawn.corners.length <= 3) return drawn;
  return next(
    drawn,
    drawn.corners.filter((_, i) => i !== n),
  );
}

/** As it was one step before. */
export function undo(drawn: Drawn): Drawn {
  const last = drawn.before.at(-1);
  return last ? { ...last, before: drawn.before.slice(0, -1) } : drawn;
}

/** The outer ring of a geometry, to be edited; null where it has holes or several parts, which are drawn elsewhere. */
export function fromGeometry(geometry: GeoJSON.Geometry): Drawn | null {
  const polygons =
    geometry.type === "Polygon"
      ? [geometry.coordinates]
      : geometry.type === "MultiPolygon"
        ? geometry.coordinates
        : [];
  const ring = polygons[0]?.[0];
  if (polygons.length !== 1 || polygons[0]?.length !== 1 || !ring) return null;
  const corners = ring.slice(0, -1).map((p): Corner => [p[0] ?? 0, p[1] ?? 0]);
  return { corners, closed: true, before: [] };
}

/** The polygon, its ring closed; null while it is not. */
export function toPolygon(drawn: Outline): GeoJSON.Polygon | null {
  const first = drawn.corners[0];
  if (!drawn.closed || !first) return null;
  return { type: "Polygon", coordinates: [[...drawn.corners, first].map((c) => [...c])] };
}

/** What the map draws of it: the outline, its corners, and between each two of them a handle for a new one. */
export function features(drawn: Outline): GeoJSON.FeatureCollection {
  const { corners, closed } = drawn;
  const found: GeoJSON.Feature[] = [];
  const polygon = toPolygon(drawn);
  if (polygon) found.push({ type: "Feature", geometry: polygon, properties: { part: "area" } });
  // The line is a feature of its own: the map leaves out rings whose two halves cancel out, such as a bow tie's.
  const line = polygon?.coordinates[0] ?? corners.map((c) => [...c]);
  if (line.length > 1)
    found.push({
      type: "Feature",
      geometry: { type: "LineString", coordinates: line },
      properties: { part: "line" },
    });
  corners.forEach((corner, n) => {
    found.push(dot(corner, { part: "corner", n, first: n === 0 && !closed && corners.length > 2 }));
    const after = corners[n + 1] ?? (closed ? corners[0] : undefined);
    if (after && closed)
      found.push(dot([(corner[0] + after[0]) / 2, (corner[1] + after[1]) / 2], { part: "between", n }));
  });
  return { type: "FeatureCollection", features: found };
}

function dot(at: Corner, properties: Record<string, string | number | boolean>): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: [...at] }, properties };
}

export type { Drawn };
