import { describe, expect, it } from "vitest";
import type { Corner } from "./outline.ts";
import { linesOf, snap } from "./snap.ts";

const square: Corner[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [0, 0],
];
/** 100 pixels a degree, y downwards as on a screen. */
const project = ([lon, lat]: Corner): { x: number; y: number } => ({ x: lon * 100, y: -lat * 100 });
const near = (x: number, y: number, reach = 12) => snap([square], { x, y }, project, reach);

describe("a corner that is set close to what is there", () => {
  it("is that very corner", () => {
    expect(near(95, -6)).toEqual({ at: [1, 0], on: "corner" });
    expect(near(-3, -104)).toEqual({ at: [0, 1], on: "corner" });
  });

  it("lies on the edge where no corner is near", () => {
    const found = near(50, 7);
    expect(found?.on).toBe("edge");
    expect(found?.at[0]).toBeCloseTo(0.5);
    expect(found?.at[1]).toBeCloseTo(0);
  });

  it("takes a corner before an edge that is nearer", () => {
    expect(near(90, 1)?.on).toBe("corner");
  });

  it("stays where it is when nothing is near", () => {
    expect(near(50, -50)).toBeNull();
    expect(near(50, 13)).toBeNull();
  });

  it("finds the lines of areas of every sort", () => {
    expect(linesOf({ type: "Polygon", coordinates: [square] })).toHaveLength(1);
    expect(linesOf({ type: "MultiPolygon", coordinates: [[square], [square, square]] })).toHaveLength(3);
    expect(linesOf({ type: "Point", coordinates: [0, 0] })).toEqual([]);
  });
});
