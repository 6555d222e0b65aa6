import { describe, expect, it } from "vitest";
import {
  add,
  begin,
  close,
  countCorners,
  EMPTY,
  features,
  fromGeometry,
  giveUp,
  insert,
  isClosed,
  move,
  remove,
  removeRing,
  toGeometry,
  undo,
  type Corner,
  type Drawn,
} from "./outline.ts";

const triangle = (): Drawn => close(add(add(add(EMPTY, [0, 0]), [1, 0]), [1, 1]));
const box = (west: number, south: number, size: number): Corner[] => [
  [west, south],
  [west + size, south],
  [west + size, south + size],
  [west, south + size],
];
const ring = (corners: Corner[]): Corner[] => [...corners, ...corners.slice(0, 1)];
/** Two parts, the first with a hole. */
const islands: GeoJSON.MultiPolygon = {
  type: "MultiPolygon",
  coordinates: [[ring(box(0, 0, 10)), ring(box(2, 2, 2))], [ring(box(20, 0, 5))]],
};
const drawnIslands = (): Drawn => fromGeometry(islands) ?? EMPTY;

describe("an outline", () => {
  it("is closed with three corners and no fewer", () => {
    expect(isClosed(close(add(add(EMPTY, [0, 0]), [1, 0])))).toBe(false);
    expect(toGeometry(triangle())?.coordinates[0]).toEqual(
      ring([
        [0, 0],
        [1, 0],
        [1, 1],
      ]),
    );
    expect(countCorners(add(triangle(), [5, 5]))).toBe(3);
  });

  it("takes every step back, a drag as one", () => {
    let drawn = triangle();
    drawn = move(drawn, { ring: 0, n: 1 }, [2, 0]);
    for (const x of [2.1, 2.2]) drawn = move(drawn, { ring: 0, n: 1 }, [x, 0], false);
    drawn = insert(drawn, { ring: 0, n: 0 }, [1, -1]);
    expect(countCorners(drawn)).toBe(4);
    drawn = undo(undo(drawn));
    expect(drawn.rings[0]?.corners[1]).toEqual([1, 0]);
    drawn = undo(drawn);
    expect(isClosed(drawn)).toBe(false);
    expect(countCorners(undo(undo(undo(undo(drawn)))))).toBe(0);
  });

  it("keeps three corners", () => {
    expect(countCorners(remove(triangle(), { ring: 0, n: 0 }))).toBe(3);
    const four = insert(triangle(), { ring: 0, n: 0 }, [0.5, -1]);
    expect(countCorners(remove(four, { ring: 0, n: 0 }))).toBe(3);
  });

  it("has a handle on every corner and between each two, and only where they are seen", () => {
    const parts = (drawn: Drawn, shown?: (c: Corner) => boolean): unknown[] =>
      features(drawn, shown).features.map((f) => f.properties?.["part"] as unknown);
    expect(parts(triangle()).filter((p) => p === "corner")).toHaveLength(3);
    expect(parts(triangle()).filter((p) => p === "between")).toHaveLength(3);
    expect(parts(drawnIslands(), () => false)).toEqual(["area", "line", "line", "line"]);
  });
});

describe("an area of several parts with a hole", () => {
  it("comes out as it went in", () => {
    expect(toGeometry(drawnIslands())).toEqual(islands);
    expect(fromGeometry({ type: "Point", coordinates: [0, 0] })).toBeNull();
    const one: GeoJSON.Polygon = { type: "Polygon", coordinates: islands.coordinates[0] ?? [] };
    expect(toGeometry(fromGeometry(one) ?? EMPTY)).toEqual(one);
  });

  it("loses nothing when one corner is moved", () => {
    const moved = toGeometry(move(drawnIslands(), { ring: 1, n: 0 }, [3, 3]));
    expect(moved?.type).toBe("MultiPolygon");
    const rings = moved?.coordinates.flat() as Corner[][];
    expect(rings).toHaveLength(3);
    expect(rings[1]?.[0]).toEqual([3, 3]);
    expect([rings[0], rings[2]]).toEqual([islands.coordinates[0]?.[0], islands.coordinates[1]?.[0]]);
  });

  it("gets a hole in the part around it, and another part", () => {
    let drawn = begin(drawnIslands(), true);
    expect(toGeometry(drawn)).toBeNull();
    for (const corner of box(21, 1, 1)) drawn = add(drawn, corner);
    drawn = close(drawn);
    expect((toGeometry(drawn) as GeoJSON.MultiPolygon).coordinates.map((part) => part.length)).toEqual([
      2, 2,
    ]);
    drawn = begin(drawn, false);
    for (const corner of box(40, 0, 1)) drawn = add(drawn, corner);
    expect((toGeometry(close(drawn)) as GeoJSON.MultiPolygon).coordinates).toHaveLength(3);
    expect(toGeometry(giveUp(drawn))?.coordinates).toHaveLength(2);
  });

  it("loses a hole or a part when that is asked for, and never the last", () => {
    expect((toGeometry(removeRing(drawnIslands(), 1)) as GeoJSON.MultiPolygon).coordinates[0]).toHaveLength(
      1,
    );
    expect(toGeometry(removeRing(drawnIslands(), 0))?.type).toBe("Polygon");
    expect(removeRing(triangle(), 0).rings).toHaveLength(1);
  });
});
