import { expect, test } from "vitest";
import type { Notice } from "../api/types.ts";
import { inOrder, troublesInOrder } from "./bands.ts";

function notice(part: string, state: Notice["state"], minute: number): Notice {
  const since_at = `2026-11-20T12:${String(minute).padStart(2, "0")}:00Z`;
  return { part, state, since_at, reason: { th: part, en: part } };
}

test("nothing stored is worse than poles that are not heard", () => {
  expect(troublesInOrder(["doors", "record"])).toEqual(["record", "doors"]);
  expect(troublesInOrder(["doors"])).toEqual(["doors"]);
  expect(troublesInOrder([])).toEqual([]);
});

test("what is down comes first, then what has lasted longest", () => {
  const all = [
    notice("backup", "degraded", 1),
    notice("feed", "down", 9),
    notice("jobs", "degraded", 0),
    notice("lane", "down", 3),
  ];
  expect(inOrder(all, []).map((each) => each.part)).toEqual(["lane", "feed", "jobs", "backup"]);
});

test("a trouble tells what its parts would tell, and hides nothing else", () => {
  const all = [
    notice("mqtt_door", "down", 1),
    notice("backup", "degraded", 2),
    notice("process_doors", "down", 3),
  ];
  expect(inOrder(all, ["doors"]).map((each) => each.part)).toEqual(["backup"]);
  expect(inOrder(all, ["record"])).toHaveLength(3);
});
