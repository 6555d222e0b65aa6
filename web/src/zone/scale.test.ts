import { expect, test } from "vitest";
import { scaleBar } from "./scale.ts";

test.each([
  [0, 0, 5_000_000],
  [16.54, 15, 200],
  [16.54, 17, 50],
  [60, 15, 100],
])("at latitude %f, zoom %f the bar is %d m", (latitude, zoom, lengthM) => {
  const bar = scaleBar(latitude, zoom);
  expect(bar.lengthM).toBe(lengthM);
  expect(bar.widthPx).toBeGreaterThan(40);
  expect(bar.widthPx).toBeLessThanOrEqual(110);
});
