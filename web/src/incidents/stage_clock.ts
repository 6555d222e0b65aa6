/** How long an incident has stood in its stage, and how that compares with the station's own limit. */
import type { IncidentView } from "../api/types.ts";

export type ClockLevel = "calm" | "near" | "over";

export interface ClockReading {
  elapsedS: number;
  limitS: number | null;
  level: ClockLevel;
}

const NEAR = 0.7;

/** The running stage clock at `nowMs`; without a stage limit, simply how long the incident is open (or was). */
export function readClock(incident: IncidentView, nowMs: number): ClockReading {
  const limit = incident.state === "closed" ? null : incident.clock;
  const from = Date.parse(limit?.started_at ?? incident.reopened_at ?? incident.opened_at);
  const to =
    incident.closed_at !== null && incident.state === "closed" ? Date.parse(incident.closed_at) : nowMs;
  const elapsedS = Math.max(0, (to - from) / 1000);
  if (!limit?.limit_s) return { elapsedS, limitS: null, level: "calm" };
  const level = elapsedS > limit.limit_s ? "over" : elapsedS > limit.limit_s * NEAR ? "near" : "calm";
  return { elapsedS, limitS: limit.limit_s, level };
}
