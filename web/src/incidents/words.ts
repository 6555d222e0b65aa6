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

export function placeWords(incident: IncidentView): string {
  const named = say(incident.place_name);
  if (named) return named;
  return incident.place
    ? `${incident.place.lat.toFixed(5)}, ${incident.place.lon.toFixed(5)}`
    : t("queue.place_unknown");
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
