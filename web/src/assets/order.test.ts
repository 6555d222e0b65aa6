import { expect, test } from "vitest";
import type { ConsoleAsset } from "../api/types.ts";
import { T0 } from "../testing/views.ts";
import { countBy, inService, planned, worstFirst } from "./order.ts";

function asset(id: string, changes: Partial<ConsoleAsset> = {}): ConsoleAsset {
  return {
    id,
    kind: "sos_point",
    code: id,
    name: { th: id, en: id },
    place: { lon: 104.73, lat: 16.54 },
    lifecycle: "in_service",
    readiness: "READY",
    readiness_since_at: T0,
    ...changes,
  };
}

test("DOWN comes before UNKNOWN, WATCH and READY; ten comes after nine", () => {
  const assets = [
    asset("sos-10"),
    asset("sos-9"),
    asset("w", { readiness: "WATCH" }),
    asset("u", { readiness: "UNKNOWN" }),
    asset("d", { readiness: "DOWN" }),
  ];
  expect(worstFirst(assets).map((a) => a.id)).toEqual(["d", "u", "w", "sos-9", "sos-10"]);
});

test("what is only planned is never counted as working", () => {
  const assets = [asset("a"), asset("b", { lifecycle: "approved" }), asset("c", { lifecycle: "retired" })];
  expect(countBy(inService(assets)).READY).toBe(1);
  expect(planned(assets).map((a) => a.id)).toEqual(["b"]);
});
