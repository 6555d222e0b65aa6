import { describe, expect, it } from "vitest";
import { sortOf, tileLayers, tileName } from "./tile_style.ts";

describe("tiles of other people", () => {
  it.each([
    ["water", "water"],
    ["ocean", "water"],
    ["waterway", "water"],
    ["water_name", "name"],
    ["street_labels", "name"],
    ["places", "name"],
    ["roads", "road"],
    ["transportation", "road"],
    ["transportation_name", "name"],
    ["buildings", "building"],
    ["landuse", "green"],
    ["earth", "land"],
    ["cadastre", "other"],
  ])("%s holds %s", (layer, sort) => expect(sortOf(layer)).toBe(sort));

  it("are drawn whatever they are called, each layer under an id of its own", () => {
    const all = ["water", "roads", "buildings", "earth", "places", "cadastre"].flatMap((layer) =>
      tileLayers(layer, "station", "th", ["Plex Thai"]),
    );
    expect(new Set(all.map((layer) => layer.id)).size).toBe(all.length);
    expect(all.every((layer) => layer.id.startsWith("station-"))).toBe(true);
  });

  it("are named in the language of the screen first", () => {
    expect(tileName("th")[1]).toEqual(["get", "name:th"]);
    expect(tileName("en")[1]).toEqual(["get", "name:en"]);
  });
});
