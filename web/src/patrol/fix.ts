/** How old a position is, and whether it may still be drawn as if the unit stood there. */
import type { ConsoleSettings, Fix } from "../api/types.ts";

/** `stale` is drawn hollow with its age; `lost` means nobody knows where the unit is now. */
export type Freshness = "fresh" | "stale" | "lost" | "none";

export function fixAgeS(fix: Fix, nowMs: number): number {
  return Math.max(0, (nowMs - Date.parse(fix.at)) / 1000);
}

export function freshness(
  fix: Fix | null,
  nowMs: number,
  settings: Pick<ConsoleSettings, "fix_stale_s" | "fix_lost_s">,
): Freshness {
  if (!fix) return "none";
  const ageS = fixAgeS(fix, nowMs);
  if (ageS >= settings.fix_lost_s) return "lost";
  return ageS >= settings.fix_stale_s ? "stale" : "fresh";
}
