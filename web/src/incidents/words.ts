/** The words for an incident's parts, where data turns into something to read. */
import type { IncidentView } from "../api/types.ts";
import { say, t, tOr } from "../i18n/i18n.svelte.ts";
import type { IconName } from "../ui/icons.ts";
import { shapes } from "../ui/icons.ts";

/** `2569/000012` → `#12`: as it is said on the radio; the full number stands at the head of the incident. */
export function shortNumber(incident: IncidentView): string {
  const last = incident.number.split("/").at(-1) ?? incident.number;
  return `#${last.replace(/^0+(?=\d)/, "")}`;
}

/** Its name; else what lies around it; else where it is; else that nobody knows. */
export function placeWords(incident: IncidentView): string {
  return (
    say(incident.place_name) || say(incident.zone_note) || coordinates(incident) || t("queue.place_unknown")
  );
}

/** What to add in small print to `placeWords`, without saying it twice. */
export function placeDetail(incident: IncidentView): string {
  return incident.place_name ? say(incident.zone_note) : incident.zone_note ? coordinates(incident) : "";
}

function coordinates({ place }: IncidentView): string {
  return place ? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}` : "";
}

export function kindWords(kind: string): string {
  return tOr(`kind.${kind}`, kind);
}

export function kindIcon(kind: string): IconName {
  return kind in shapes ? (kind as IconName) : "other";
}

/** Who is on it now: units that were neither cleared nor refused. */
export function activeUnits(incident: IncidentView): IncidentView["assignments"] {
  return incident.assignments.filter((a) => a.state !== "cleared" && a.state !== "refused");
}
