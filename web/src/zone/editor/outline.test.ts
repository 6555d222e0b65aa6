import { describe, expect, it } from "vitest";
import {
  add,
  close,
  EMPTY,
  features,
  fromGeometry,
  insert,
  move,
  remove,
  toPolygon,
  undo,
  type Drawn,
} from "./outline.ts";

const triangle = (): Drawn => close(add(add(add(EMPTY, [0, 0]), [1, 0]), [1, 1]));

describe("an outline", () => {
  it("is closed with three corners and no fewer", () => {
    expect(close(add(add(EMPTY, [0, 0]), [1, 0])).closed).toBe(false);
    expect(toPolygon(triangle())?.coordinates[0]).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
    expect(add(triangle(), [5, 5]).corners).toHaveLength(3);
  });

  it("takes every step back, a drag as one", () => {
    let drawn = triangle();
    drawn = move(drawn, 1, [2, 0]);
    for (const x of [2.1, 2.2]) drawn = move(drawn, 1, [x, 0], false);
    drawn = insert(drawn, 0, [1, -1]);
    expect(drawn.corners).toHaveLength(4);
    drawn = undo(undo(drawn));
    expect(drawn.corners[1]).toEqual([1, 0]);
    drawn = undo(drawn);
    expect(drawn.closed).toBe(false);
    expect(undo(undo(undo(undo(drawn)))).corners).toEqual([]);
  });

  it("keeps three corners", () => {
    expect(remove(triangle(), 0).corners).toHaveLength(3);
    expect(remove(insert(triangle(), 0, [0.5, -1]), 0).corners).toHaveLength(3);
  });

  it("is read from a simple polygon and from nothing else", () => {
    const ring = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ];
    expect(fromGeometry({ type: "MultiPolygon", coordinates: [[ring]] })?.corners).toHaveLength(3);
    expect(fromGeometry({ type: "Polygon", coordinates: [ring, ring] })).toBeNull();
    expect(fromGeometry({ type: "MultiPolygon", coordinates: [[ring], [ring]] })).toBeNull();
    expect(fromGeometry({ type: "Point", coordinates: [0, 0] })).toBeNull();
  });

  it("has a handle on every corner and between each two", () => {
    const parts = features(triangle()).features.map((f) => f.properties?.["part"]);
    expect(parts.filter((p) => p === "corner")).toHaveLength(3);
    expect(parts.filter((p) => p === "between")).toHaveLength(3);
  });
});
