import { expect, test } from "vitest";
import type { AssetView } from "../api/types.ts";
import { T0 } from "../testing/views.ts";
import { countBy, foldIntoSites, inService, planned, worstFirst } from "./order.ts";

function asset(id: string, changes: Partial<AssetView> = {}): AssetView {
  return {
    id,
    kind: "sos_point",
    code: id,
    name: { th: id, en: id },
    place: null,
    lifecycle: "in_service",
    owner: { th: "", en: "" },
    site_id: null,
    camera_count: null,
    readiness: "READY",
    readiness_reason: { th: "", en: "" },
    readiness_since_at: T0,
    last_heartbeat_at: null,
    synthetic: true,
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

test("a camera that differs from its site has its own line, the others are told by the site", () => {
  const site = asset("cs-01", { kind: "camera_site", readiness: "READY" });
  const same = asset("cam-01", { kind: "camera", site_id: "cs-01" });
  const down = asset("cam-02", { kind: "camera", site_id: "cs-01", readiness: "DOWN" });
  expect(foldIntoSites([site, same, down]).map((a) => a.id)).toEqual(["cs-01", "cam-02"]);
});
