/** Small, complete views for tests; each test changes only what it is about. */
import type { ChangeFrame, ConsoleSnapshot, Fix, IncidentView, UnitView } from "../api/types.ts";

export const T0 = "2026-11-20T10:00:00Z";

/** `T0` plus some seconds. */
export function at(seconds: number): string {
  return new Date(Date.parse(T0) + seconds * 1000).toISOString();
}

export function incident(id: string, changes: Partial<IncidentView> = {}): IncidentView {
  return {
    id,
    number: "2569/000001",
    version: 1,
    state: "reported",
    priority: 2,
    kind: "sos",
    channel: "sos_point",
    synthetic: true,
    place: { lon: 104.73, lat: 16.54 },
    place_confirmed: true,
    place_name: { th: "ตลาดอินโดจีน", en: "Indochina Market" },
    sos_point: "sos-01",
    zone_note: null,
    cameras: [],
    summary: null,
    report_count: 1,
    last_report_at: T0,
    opened_at: T0,
    acknowledged_at: null,
    acknowledged_by: null,
    dispatched_at: null,
    en_route_at: null,
    on_scene_at: null,
    closed_at: null,
    outcome: null,
    escalated_at: null,
    reopened_at: null,
    merged_into: null,
    twins: [],
    assignments: [],
    clock: { stage: "reported", started_at: T0, limit_s: 60 },
    last_seq: 1,
    ...changes,
  };
}

export function fix(seconds: number, changes: Partial<Fix> = {}): Fix {
  return {
    lon: 104.73,
    lat: 16.54,
    at: at(seconds),
    received_at: at(seconds),
    accuracy_m: null,
    speed_kmh: null,
    heading_deg: null,
    battery_pct: null,
    ...changes,
  };
}

export function unit(id: string, changes: Partial<UnitView> = {}): UnitView {
  return {
    id,
    call_sign: id,
    kind: "car",
    name: { th: id, en: id },
    on_duty: true,
    duty_since_at: T0,
    duty_by: null,
    state: "available",
    state_reason: null,
    incident_ids: [],
    fix: null,
    synthetic: true,
    updated_seq: 1,
    ...changes,
  };
}

export function snapshot(changes: Partial<ConsoleSnapshot> = {}): ConsoleSnapshot {
  return {
    seq: 1,
    at: T0,
    session: {
      role: "operator",
      name: "operator",
      station: "mdh",
      unit_id: null,
      partner_id: null,
      account_id: null,
      reach: "station",
      proven: false,
    },
    station: {
      id: "mdh",
      name: { th: "สภ.", en: "Station" },
      zone_name: { th: "พื้นที่", en: "Zone" },
      center: { lon: 104.73, lat: 16.54 },
      synthetic: true,
      note: null,
      area_km2: 0.42,
      perimeter_km: 3.59,
      population: 2367,
    },
    incidents: [],
    units: [],
    assets: [],
    handover: null,
    settings: {
      acknowledge_limit_s: 60,
      dispatch_limit_s: 120,
      accept_limit_s: 60,
      arrive_limit_s: 300,
      fix_stale_s: 60,
      fix_lost_s: 900,
      twin_window_s: 300,
    },
    ...changes,
  };
}

export function change(seq: number, changes: Partial<ChangeFrame> = {}): ChangeFrame {
  return { seq, at: at(seq), kind: "anything", actor: "operator", subject: "x", ...changes };
}
