import { expect, test } from "vitest";
import { at, fix, incident, snapshot, unit } from "../testing/views.ts";
import { incidentFeatures, unitFeatures } from "./features.ts";

const settings = snapshot().settings;
const ageWords = (s: number): string => `${Math.floor(s)}`;

test("a stale fix is drawn hollow with its age, never as live", () => {
  const units = [
    unit("fresh", { fix: fix(95) }),
    unit("old", { fix: fix(0) }),
    unit("off", { on_duty: false, fix: fix(95) }),
    unit("none"),
  ];
  const drawn = unitFeatures(units, Date.parse(at(100)), settings, ageWords).features.map(
    (f) => f.properties,
  );
  expect(drawn).toMatchObject([
    { id: "fresh", image: "unit-car-free-fresh", label: "fresh", old: false },
    { id: "old", image: "unit-car-free-stale", label: "old · 100", old: true },
  ]);
});

test("incidents without a place are not drawn; the most urgent is drawn last, on top", () => {
  const drawn = incidentFeatures(
    [
      incident("one", { priority: 1 }),
      incident("four", { priority: 4, state: "acknowledged" }),
      incident("nowhere", { place: null }),
      incident("closed", { state: "closed" }),
    ],
    null,
  ).features.map((f) => f.properties);
  expect(drawn).toMatchObject([
    { id: "four", image: "incident-4-open" },
    { id: "one", image: "incident-1-new", unacknowledged: true },
  ]);
});
