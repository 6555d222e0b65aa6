/**
 * An area while somebody draws it: one or several parts, each with or without holes. Corners are set, moved, put
 * between and taken away; every step can be undone, and nothing that was there before is lost on the way.
 */
export type Corner = [lon: number, lat: number];

/** A closed line; the first of a part is its outer edge, the others are holes in it. */
export interface Ring {
  readonly part: number;
  readonly corners: readonly Corner[];
}

export interface Outline {
  readonly rings: readonly Ring[];
  /** The ring that is being drawn and not closed yet. */
  readonly open: { readonly hole: boolean; readonly corners: readonly Corner[] } | null;
}

export interface Drawn extends Outline {
  readonly before: readonly Outline[];
}

/** Which corner of which ring. */
export interface At {
  readonly ring: number;
  readonly n: number;
}

export type AreaGeometry = GeoJSON.Polygon | GeoJSON.MultiPolygon;

export const EMPTY: Drawn = { rings: [], open: { hole: false, corners: [] }, before: [] };
const MOST_UNDO = 200;

function next(drawn: Drawn, now: Partial<Outline>): Drawn {
  const { rings, open } = drawn;
  return { rings, open, ...now, before: [...drawn.before.slice(-MOST_UNDO), { rings, open }] };
}

export function isClosed(drawn: Outline): boolean {
  return drawn.open === null && drawn.rings.length > 0;
}

/** How many corners there are, drawn and being drawn. */
export function countCorners(drawn: Outline): number {
  return drawn.rings.reduce((sum, ring) => sum + ring.corners.length, drawn.open?.corners.length ?? 0);
}

/** A corner behind the last one; nothing when no ring is being drawn. */
export function add(drawn: Drawn, corner: Corner): Drawn {
  if (!drawn.open) return drawn;
  return next(drawn, { open: { ...drawn.open, corners: [...drawn.open.corners, corner] } });
}

/** The last corner is joined with the first; nothing with fewer than three. */
export function close(drawn: Drawn): Drawn {
  const { open, rings } = drawn;
  if (!open || open.corners.length < 3) return drawn;
  const first = open.corners[0];
  const around =
    open.hole && first ? rings.find((ring) => isOuter(drawn, ring) && contains(ring, first)) : null;
  const part = open.hole
    ? (around?.part ?? rings[0]?.part ?? 0)
    : 1 + rings.reduce((most, ring) => Math.max(most, ring.part), -1);
  return next(drawn, { open: null, rings: [...rings, { part, corners: open.corners }] });
}

/** One more part beside those that are there, or one more hole in them, is drawn from here on. */
export function begin(drawn: Drawn, hole: boolean): Drawn {
  return isClosed(drawn) ? next(drawn, { open: { hole, corners: [] } }) : drawn;
}

/** The ring that was being drawn is given up; those that were closed stay. */
export function giveUp(drawn: Drawn): Drawn {
  return drawn.open && drawn.rings.length > 0 ? next(drawn, { open: null }) : drawn;
}

function changed(drawn: Drawn, at: number, corners: readonly Corner[]): readonly Ring[] {
  return drawn.rings.map((ring, i) => (i === at ? { ...ring, corners } : ring));
}

/** A corner is somewhere else; without `remember` it is one of the many places of a drag. */
export function move(drawn: Drawn, at: At, corner: Corner, remember = true): Drawn {
  const ring = drawn.rings[at.ring];
  if (!ring) return drawn;
  const rings = changed(
    drawn,
    at.ring,
    ring.corners.map((each, i) => (i === at.n ? corner : each)),
  );
  return remember ? next(drawn, { rings }) : { ...drawn, rings };
}

/** A new corner behind corner `n`. */
export function insert(drawn: Drawn, at: At, corner: Corner): Drawn {
  const corners = drawn.rings[at.ring]?.corners;
  if (!corners) return drawn;
  const more = [...corners.slice(0, at.n + 1), corner, ...corners.slice(at.n + 1)];
  return next(drawn, { rings: changed(drawn, at.ring, more) });
}

/** A corner is gone; a ring keeps three. */
export function remove(drawn: Drawn, at: At): Drawn {
  const corners = drawn.rings[at.ring]?.corners;
  if (!corners || corners.length <= 3) return drawn;
  return next(drawn, {
    rings: changed(
      drawn,
      at.ring,
      corners.filter((_, i) => i !== at.n),
    ),
  });
}

/** A hole is gone, or a part with its holes; the last part stays. */
export function removeRing(drawn: Drawn, at: number): Drawn {
  const gone = drawn.rings[at];
  if (!gone) return drawn;
  const whole = isOuter(drawn, gone);
  const rings = drawn.rings.filter((ring) => (whole ? ring.part !== gone.part : ring !== gone));
  return rings.length > 0 ? next(drawn, { rings }) : drawn;
}

/** As it was one step before. */
export function undo(drawn: Drawn): Drawn {
  const last = drawn.before.at(-1);
  return last ? { ...last, before: drawn.before.slice(0, -1) } : drawn;
}

/** Whether a ring is the outer edge of its part. */
export function isOuter(drawn: Outline, ring: Ring): boolean {
  return drawn.rings.find((each) => each.part === ring.part) === ring;
}

/** An area to be edited, with every part and hole of it; null when the geometry is no area. */
export function fromGeometry(geometry: GeoJSON.Geometry): Drawn | null {
  const polygons =
    geometry.type === "Polygon"
      ? [geometry.coordinates]
      : geometry.type === "MultiPolygon"
        ? geometry.coordinates
        : [];
  const rings = polygons.flatMap((polygon, part) =>
    polygon.map((ring): Ring => ({ part, corners: ring.slice(0, -1).map((p) => [p[0] ?? 0, p[1] ?? 0]) })),
  );
  return rings.length > 0 ? { rings, open: null, before: [] } : null;
}

/** The area, its rings closed; null while one of them is not. */
export function toGeometry(drawn: Outline): AreaGeometry | null {
  if (!isClosed(drawn)) return null;
  const parts = new Map<number, GeoJSON.Position[][]>();
  for (const ring of drawn.rings)
    parts.set(ring.part, [...(parts.get(ring.part) ?? []), closedLine(ring.corners)]);
  const polygons = [...parts.values()];
  const [only] = polygons;
  return polygons.length === 1 && only
    ? { type: "Polygon", coordinates: only }
    : { type: "MultiPolygon", coordinates: polygons };
}

function closedLine(corners: readonly Corner[]): GeoJSON.Position[] {
  const first = corners[0];
  return [...corners, ...(first ? [first] : [])].map((c) => [...c]);
}

/** What the map draws of it: the area, its lines, its corners, and between each two a handle for a new one; handles
 * only where `shown` says so, since an outline from a surveyor may have thousands. */
export function features(
  drawn: Outline,
  shown: (corner: Corner) => boolean = () => true,
): GeoJSON.FeatureCollection {
  const found: GeoJSON.Feature[] = [];
  const area = toGeometry(drawn);
  if (area) found.push({ type: "Feature", geometry: area, properties: { part: "area" } });
  // Lines are features of their own: the map leaves out rings whose two halves cancel out, such as a bow tie's.
  drawn.rings.forEach(({ corners }, ring) => {
    found.push(line(closedLine(corners)));
    corners.forEach((corner, n) => {
      const after = corners[n + 1] ?? corners[0] ?? corner;
      const between: Corner = [(corner[0] + after[0]) / 2, (corner[1] + after[1]) / 2];
      if (shown(corner)) found.push(dot(corner, { part: "corner", ring, n, first: false }));
      if (shown(between)) found.push(dot(between, { part: "between", ring, n }));
    });
  });
  const open = drawn.open?.corners ?? [];
  if (open.length > 1) found.push(line(open.map((c) => [...c])));
  open.forEach((corner, n) => {
    found.push(dot(corner, { part: "corner", ring: -1, n, first: n === 0 && open.length > 2 }));
  });
  return { type: "FeatureCollection", features: found };
}

function line(coordinates: GeoJSON.Position[]): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "LineString", coordinates }, properties: { part: "line" } };
}

function dot(at: Corner, properties: Record<string, string | number | boolean>): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: [...at] }, properties };
}

/** Whether a ring goes around a place. */
function contains(ring: Ring, [lon, lat]: Corner): boolean {
  let inside = false;
  ring.corners.forEach(([x, y], i) => {
    const [px, py] = ring.corners.at(i - 1) ?? [x, y];
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) inside = !inside;
  });
  return inside;
}
