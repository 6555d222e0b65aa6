/** The station in numbers, as the server counts them. */
import { read } from "../api/client.ts";
import type { IsoTime } from "../api/types.ts";

export interface Spread {
  n: number;
  median_s: number | null;
  p90_s: number | null;
}

export interface Overview {
  at: IsoTime;
  synthetic: boolean;
  incidents: {
    since: IsoTime;
    until: IsoTime;
    n: number;
    by_state: Record<string, number>;
    by_kind: Record<string, number>;
    by_priority: Record<string, number>;
    by_outcome: Record<string, number>;
    to_acknowledge: Spread;
    to_dispatch: Spread;
    to_scene: Spread;
    left_out_synthetic: number;
    left_out_joined: number;
  };
  equipment: {
    n: number;
    by_readiness: Record<string, number>;
    promises_overdue: number;
    left_out_synthetic: number;
  };
  duty: { of: number; items: { call_sign: string; kind: string; state: string; since: IsoTime | null }[] };
  kept: {
    backup_at: IsoTime | null;
    /** Null of another station, as whatever only its own program knows. */
    backup_failed: boolean | null;
    drill_at: IsoTime | null;
    drill_failed: boolean | null;
    retention_days: Record<string, number> | null;
    holds: number;
    erasures: number;
    erased_at: IsoTime | null;
  };
  works: { state: string; degraded: string[]; listeners: number; parked: string[] } | null;
}

export const look = (days: number): Promise<Overview> => read<Overview>(`/api/v1/overview?days=${days}`);
