import { describe, expect, it } from "vitest";
import { isoDay, kindsWith, placeKind } from "./words.ts";

describe("a day that is typed", () => {
  it("is the same one in either era and order", () => {
    for (const text of ["20/11/2569", "20-11-2026", " 2569-11-20", "2026-11-20"])
      expect(isoDay(text)).toBe("2026-11-20");
  });
  it("is none when there is no such day", () => {
    for (const text of ["31/2/2569", "", "20/11", "x"]) expect(isoDay(text)).toBeNull();
  });
});

describe("the kind of a place", () => {
  it("is said in words, and as it was imported where there are none", () => {
    expect(placeKind("gold_shop")).toBe("ร้านทอง");
    expect(placeKind("ศาลเจ้า")).toBe("ศาลเจ้า");
  });
  it("stays among those that can be chosen", () => {
    expect(kindsWith("ศาลเจ้า").at(-1)).toBe("ศาลเจ้า");
    expect(kindsWith("market")).not.toContain("ศาลเจ้า");
    for (const kind of kindsWith("")) expect(placeKind(kind)).not.toBe(kind);
  });
});
