/** What the map draws of incidents, units and equipment, as GeoJSON; nothing here knows the map library. */
import type { ConsoleAsset, ConsoleSettings, IncidentView, Place, UnitView } from "../api/types.ts";
import { isOpen, isUnacknowledged } from "../incidents/order.ts";
import { fixAgeS, freshness } from "../patrol/fix.ts";

export type Features = GeoJSON.FeatureCollection<GeoJSON.Point>;

function point(
  place: Place,
  properties: Record<string, string | number | boolean>,
): Features["features"][number] {
  return { type: "Feature", geometry: { type: "Point", coordinates: [place.lon, place.lat] }, properties };
}

/** Open incidents with a place, the most urgent last so that it is drawn on top. */
export function incidentFeatures(incidents: Iterable<IncidentView>, chosenId: string | null): Features {
  const features = [...incidents]
    .filter((i) => isOpen(i) || i.id === chosenId)
    .sort((a, b) => b.priority - a.priority)
    .flatMap((i) =>
      i.place
        ? [
            point(i.place, {
              id: i.id,
              image: `incident-${i.priority}-${isOpen(i) ? (isUnacknowledged(i) ? "new" : "open") : "closed"}`,
              unacknowledged: isUnacknowledged(i),
              chosen: i.id === chosenId,
              order: 10 - i.priority,
            }),
          ]
        : [],
    );
  return { type: "FeatureCollection", features };
}

/** Units on duty with a fix. A stale or lost one is drawn hollow and carries its age in the label. */
export function unitFeatures(
  units: Iterable<UnitView>,
  nowMs: number,
  settings: ConsoleSettings,
  ageWords: (ageS: number) => string,
): Features {
  const drawn = [...units].filter((unit) => unit.on_duty && unit.fix);
  const many = drawn.length > CROWD;
  const features: Features["features"] = [];
  for (const unit of drawn) {
    if (!unit.fix) continue;
    const fresh = freshness(unit.fix, nowMs, settings);
    const old = fresh !== "fresh";
    features.push(
      point(unit.fix, {
        id: unit.id,
        image: `unit-${unit.kind}-${tone(unit)}-${old ? "stale" : "fresh"}`,
        label: old ? `${unit.call_sign} · ${ageWords(fixAgeS(unit.fix, nowMs))}` : unit.call_sign,
        old,
        colour: TONES[tone(unit)],
        crowd: many && unit.incident_ids.length === 0,
      }),
    );
  }
  return { type: "FeatureCollection", features };
}

/** More units than this cannot each carry a sign and a name at the scale of a whole zone. */
export const CROWD = 150;

export type Tone = "free" | "busy" | "scene" | "off";

export const TONES: Record<Tone, string> = {
  free: "#35c97c",
  busy: "#4da3ff",
  scene: "#b48cff",
  off: "#7d8ea1",
};

/** The colour family of a unit; the word for its state always stands beside it on the board. */
export function tone(unit: UnitView): Tone {
  if (unit.state === "available") return "free";
  if (unit.state === "assigned" || unit.state === "en_route") return "busy";
  return unit.state === "on_scene" ? "scene" : "off";
}

/** Equipment that stands somewhere (single cameras stand at their site, and are not among what the console is given). */
export function assetFeatures(assets: Iterable<ConsoleAsset>, nearIds: ReadonlySet<string>): Features {
  const features: Features["features"] = [];
  for (const asset of assets) {
    if (!asset.place || asset.lifecycle === "retired") continue;
    const serving = asset.lifecycle === "in_service";
    features.push(
      point(asset.place, {
        id: asset.id,
        kind: asset.kind,
        image: `asset-${asset.kind === "camera_site" || asset.kind === "sos_point" ? asset.kind : "other"}-${serving ? asset.readiness : "PLANNED"}`,
        near: nearIds.has(asset.id),
        label: asset.code,
      }),
    );
  }
  return { type: "FeatureCollection", features };
}
