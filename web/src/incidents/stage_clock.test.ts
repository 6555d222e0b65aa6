import { expect, test } from "vitest";
import { at, incident } from "../testing/views.ts";
import { readClock } from "./stage_clock.ts";

const now = (seconds: number): number => Date.parse(at(seconds));

test.each([
  [10, "calm"],
  [42, "calm"],
  [43, "near"],
  [60, "near"],
  [61, "over"],
])("after %i s of 60 the clock is %s", (seconds, level) => {
  expect(readClock(incident("a"), now(seconds))).toEqual({ elapsedS: seconds, limitS: 60, level });
});

test("without a limit it only says how long the incident is open", () => {
  const open = incident("a", {
    state: "on_scene",
    clock: { stage: "on_scene", started_at: at(100), limit_s: null },
  });
  expect(readClock(open, now(160))).toEqual({ elapsedS: 60, limitS: null, level: "calm" });
});

test("a closed incident's clock stands still", () => {
  const closed = incident("a", { state: "closed", closed_at: at(90), clock: null });
  expect(readClock(closed, now(5000)).elapsedS).toBe(90);
});

test("a clock never runs backwards when the server's time is a little behind", () => {
  expect(readClock(incident("a"), now(-3)).elapsedS).toBe(0);
});
