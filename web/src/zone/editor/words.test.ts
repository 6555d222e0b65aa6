import { describe, expect, it } from "vitest";
import { isoDay } from "./words.ts";

describe("a day that is typed", () => {
  it("is the same one in either era and order", () => {
    for (const text of ["20/11/2569", "20-11-2026", " 2569-11-20", "2026-11-20"])
      expect(isoDay(text)).toBe("2026-11-20");
  });
  it("is none when there is no such day", () => {
    for (const text of ["31/2/2569", "", "20/11", "x"]) expect(isoDay(text)).toBeNull();
  });
});
