import { expect, test } from "vitest";
import { codeFrom, readPlace } from "./place.ts";

test.each([
  ["16.5436, 104.7235", { lat: 16.5436, lon: 104.7235, swapped: false, abroad: false }],
  ["104.7235 16.5436", { lat: 16.5436, lon: 104.7235, swapped: true, abroad: false }],
  ["๑๖.๕๔, ๑๐๔.๗๒", { lat: 16.54, lon: 104.72, swapped: false, abroad: false }],
  ["(17.9667, 102.6)", { lat: 17.9667, lon: 102.6, swapped: false, abroad: false }],
  ["48.2, 16.37", { lat: 48.2, lon: 16.37, swapped: false, abroad: true }],
])("%s is read", (text, place) => {
  expect(readPlace(text)).toEqual(place);
});

test.each(["", "16.5", "16.5, 104.7, 3", "0, 0", "200, 300", "ตลาด"])("%j is no place", (text) => {
  expect(readPlace(text)).toBeNull();
});

test.each([
  ["Mueang Mukdahan Police Station", "mukdahan"],
  ["Nong Khai Provincial Police Station", "nong-khai"],
  ["สภ.เมือง", ""],
])("%s suggests a code", (name, code) => {
  expect(codeFrom(name)).toBe(code);
});
