import { describe, expect, test } from "vitest";
import { at, incident } from "../testing/views.ts";
import { closedLastToFirst, heldOrder, openFirstToLast } from "./order.ts";

const ids = (incidents: { id: string }[]): string[] => incidents.map((i) => i.id);

describe("the queue", () => {
  test("escalated, then unacknowledged, then priority, then the longest waiting", () => {
    const queue = [
      incident("acknowledged-1", { state: "acknowledged", priority: 1 }),
      incident("new-low", { priority: 4 }),
      incident("new-late", { priority: 2, opened_at: at(50) }),
      incident("new-early", { priority: 2, opened_at: at(10) }),
      incident("escalated-low", { priority: 4, escalated_at: at(60) }),
      incident("en-route", { state: "en_route", priority: 3 }),
      incident("closed", { state: "closed", priority: 1 }),
      incident("merged", { state: "reported", merged_into: "new-low" }),
    ];
    expect(ids(openFirstToLast(queue))).toEqual([
      "escalated-low",
      "new-early",
      "new-late",
      "new-low",
      "acknowledged-1",
      "en-route",
    ]);
  });

  test("an escalation that was acknowledged no longer stands first", () => {
    const queue = [
      incident("was-escalated", { state: "acknowledged", escalated_at: at(60), priority: 1 }),
      incident("new", { priority: 4 }),
    ];
    expect(ids(openFirstToLast(queue))).toEqual(["new", "was-escalated"]);
  });

  test("the closed ones, last closed first", () => {
    const queue = [
      incident("a", { state: "closed", closed_at: at(10) }),
      incident("b", { state: "closed", closed_at: at(30) }),
      incident("open"),
    ];
    expect(ids(closedLastToFirst(queue))).toEqual(["b", "a"]);
  });
});

describe("under a hand", () => {
  const exists = (): boolean => true;

  test("nothing moves: the new one is added below, the changed one stays", () => {
    expect(heldOrder(["a", "b"], ["new", "b", "a"], true, exists)).toEqual(["a", "b", "new"]);
  });

  test("one that was closed stays where it stood until the hand is gone", () => {
    expect(heldOrder(["a", "b", "c"], ["a", "c"], true, exists)).toEqual(["a", "b", "c"]);
    expect(heldOrder(["a", "b", "c"], ["a", "c"], false, exists)).toEqual(["a", "c"]);
  });

  test("one that no longer exists at all is let go", () => {
    expect(heldOrder(["a", "b"], ["b"], true, (id) => id !== "a")).toEqual(["b"]);
  });
});
