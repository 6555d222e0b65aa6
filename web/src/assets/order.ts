/** What is not well comes first: DOWN, then UNKNOWN, then WATCH; what is only planned is counted apart. */
import type { ConsoleAsset, Readiness } from "../api/types.ts";

const RANK: Record<Readiness, number> = { DOWN: 0, UNKNOWN: 1, WATCH: 2, READY: 3 };

/** Equipment that is meant to work today. */
export function inService(assets: Iterable<ConsoleAsset>): ConsoleAsset[] {
  return [...assets].filter((a) => a.lifecycle === "in_service");
}

/** Planned, bought or merely installed: not in service yet, and never shown as working. */
export function planned(assets: Iterable<ConsoleAsset>): ConsoleAsset[] {
  return [...assets].filter((a) => a.lifecycle !== "in_service" && a.lifecycle !== "retired");
}

export function worstFirst(assets: readonly ConsoleAsset[]): ConsoleAsset[] {
  return [...assets].sort(
    (a, b) => RANK[a.readiness] - RANK[b.readiness] || a.code.localeCompare(b.code, "en", { numeric: true }),
  );
}

export function countBy(assets: readonly ConsoleAsset[]): Record<Readiness, number> {
  const counts: Record<Readiness, number> = { READY: 0, WATCH: 0, DOWN: 0, UNKNOWN: 0 };
  for (const asset of assets) counts[asset.readiness] += 1;
  return counts;
}
