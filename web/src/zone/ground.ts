/** The zone's own ground: where it ends, what lies outside, and a quiet tint for each community. */
import type { ZoneCollection } from "../api/types.ts";

const TINTS = ["#20364e", "#2c2f4f", "#203c40", "#35324a", "#24403a"];

/** `dead`: nothing of it can be had; what is built in is all there is until it comes back. */
export type MapState = "none" | "asked" | "drawn" | "dead";

/** What lies under the zone: whose maps these are, and how it stands with the one that the station has set. */
export interface Ground {
  attribution: string;
  station: MapState;
  /** There is nothing under the zone that shows where one is. */
  bare: boolean;
  /** Where the station's map comes from, as a person would say it; empty when it is the station's own file. */
  host: string;
  making: Making | null;
}

/** What was imported is not drawn yet: its tiles are being made, or that has failed and is tried again. */
export interface Making {
  share: number;
  failed: boolean;
}

export const NO_GROUND: Ground = { attribution: "", station: "none", bare: false, host: "", making: null };

/** Gives each community its own quiet tint, so that neighbours are told apart. */
export function tinted(zone: ZoneCollection): GeoJSON.FeatureCollection {
  let next = 0;
  const features = zone.features.map((feature) =>
    feature.properties.layer === "community"
      ? { ...feature, properties: { ...feature.properties, tint: TINTS[next++ % TINTS.length] } }
      : feature,
  );
  return { type: "FeatureCollection", features };
}

/** Everything around the boundary and in its holes, to be drawn darker; nothing when there is no boundary. */
export function outsideOf(zone: ZoneCollection): GeoJSON.FeatureCollection {
  const parts = zone.features
    .filter((f) => f.properties.layer === "boundary")
    .flatMap((f) => partsOf(f.geometry));
  if (parts.length === 0) return { type: "FeatureCollection", features: [] };
  const world = [
    [-180, -85],
    [180, -85],
    [180, 85],
    [-180, 85],
    [-180, -85],
  ];
  const outer = parts.flatMap((part) => part.slice(0, 1));
  const holes = parts.flatMap((part) => part.slice(1)).map((hole) => [hole]);
  const geometry: GeoJSON.MultiPolygon = { type: "MultiPolygon", coordinates: [[world, ...outer], ...holes] };
  return { type: "FeatureCollection", features: [{ type: "Feature", geometry, properties: {} }] };
}

/** The box around the boundary, or around everything when there is none: `[[west, south], [east, north]]`. */
export function boundsOf(zone: ZoneCollection): [[number, number], [number, number]] | null {
  const boundary = zone.features.filter((f) => f.properties.layer === "boundary");
  const points = (boundary.length > 0 ? boundary : zone.features).flatMap((f) => positions(f.geometry));
  if (points.length === 0) return null;
  const lons = points.map((p) => p[0] ?? 0);
  const lats = points.map((p) => p[1] ?? 0);
  return [
    [Math.min(...lons), Math.min(...lats)],
    [Math.max(...lons), Math.max(...lats)],
  ];
}

function partsOf(geometry: GeoJSON.Geometry): GeoJSON.Position[][][] {
  if (geometry.type === "Polygon") return [geometry.coordinates];
  return geometry.type === "MultiPolygon" ? geometry.coordinates : [];
}

function positions(geometry: GeoJSON.Geometry): GeoJSON.Position[] {
  switch (geometry.type) {
    case "Point":
      return [geometry.coordinates];
    case "LineString":
    case "MultiPoint":
      return geometry.coordinates;
    case "Polygon":
    case "MultiLineString":
      return geometry.coordinates.flat();
    case "MultiPolygon":
      return geometry.coordinates.flat(2);
    case "GeometryCollection":
      return geometry.geometries.flatMap(positions);
  }
}
