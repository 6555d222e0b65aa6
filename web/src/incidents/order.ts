/** Which incident comes first in the queue, and how the order stays still under a person's hand. */
import type { IncidentView } from "../api/types.ts";

export function isOpen(incident: IncidentView): boolean {
  return incident.state !== "closed" && incident.merged_into === null;
}

/** Nobody has taken it up yet: it sounds, it flashes, it stands first. */
export function isUnacknowledged(incident: IncidentView): boolean {
  return incident.state === "reported" && isOpen(incident);
}

/** Open incidents, most urgent first: escalated, then unacknowledged, then by priority, then the longest waiting. */
export function openFirstToLast(incidents: Iterable<IncidentView>): IncidentView[] {
  return [...incidents].filter(isOpen).sort((a, b) => compareAll(a, b, [group, (i) => i.priority, opened]));
}

/** Closed incidents, the one closed last first. */
export function closedLastToFirst(incidents: Iterable<IncidentView>): IncidentView[] {
  return [...incidents].filter((i) => !isOpen(i)).sort((a, b) => compareAll(a, b, [(i) => -closed(i)]));
}

/**
 * The order shown while somebody's hand is on the queue: what stood there stays where it stood (`stays`
 * says whether it still exists), what is new is added below. Without a hand, simply `wanted`.
 */
export function heldOrder(
  shown: readonly string[],
  wanted: readonly string[],
  held: boolean,
  stays: (id: string) => boolean,
): string[] {
  if (!held) return [...wanted];
  const kept = shown.filter(stays);
  const known = new Set(kept);
  return [...kept, ...wanted.filter((id) => !known.has(id))];
}

function group(incident: IncidentView): number {
  if (!isUnacknowledged(incident)) return 2;
  return incident.escalated_at === null ? 1 : 0;
}

function opened(incident: IncidentView): number {
  return Date.parse(incident.reopened_at ?? incident.opened_at);
}

function closed(incident: IncidentView): number {
  return Date.parse(incident.closed_at ?? incident.last_report_at);
}

function compareAll(a: IncidentView, b: IncidentView, keys: ((incident: IncidentView) => number)[]): number {
  for (const key of keys) {
    const difference = key(a) - key(b);
    if (difference !== 0) return difference;
  }
  return a.id < b.id ? -1 : 1;
}
