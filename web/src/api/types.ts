/**
 * The views this screen reads and the bodies it sends, field for field as `/schema` describes them.
 * Names and shapes are those of the HTTP API (snake_case) so that the file can be generated from it.
 * Times are ISO-8601 in UTC; distances are metres; durations are seconds.
 */

export type IsoTime = string;

export interface Words {
  th: string;
  en: string;
}

export interface Place {
  lon: number;
  lat: number;
}

export type Role =
  | "operator"
  | "supervisor"
  | "admin"
  | "auditor"
  | "chief"
  | "commander"
  | "cctv_owner"
  | "partner"
  | "technician"
  | "unit"
  | "sos_point"
  | "public"
  | "system";

export type Reach = "station" | "region";

export interface SessionView {
  role: Role;
  name: string;
  station: string;
  unit_id: string | null;
  partner_id: string | null;
  account_id: string | null;
  /** Of a commander: whether also the stations that have named this one as the seat of their region are theirs to see. */
  reach: Reach;
  /** Proved who they are within the last ten minutes. */
  proven: boolean;
}

// ── incidents ───────────────────────────────────────────────────────────────────────────────────

export const INCIDENT_KINDS = [
  "sos",
  "robbery",
  "assault",
  "theft",
  "accident",
  "fire",
  "medical",
  "suspicious",
  "noise",
  "other",
] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

export const OUTCOMES = [
  "resolved",
  "handed_over",
  "no_action_needed",
  "false_alarm",
  "prank",
  "duplicate",
  "drill",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type IncidentState = "reported" | "acknowledged" | "dispatched" | "en_route" | "on_scene" | "closed";
export type Priority = 1 | 2 | 3 | 4;
export type AssignmentState = "assigned" | "accepted" | "en_route" | "on_scene" | "cleared" | "refused";
export type Channel = string;

export interface AssignmentView {
  unit_id: string;
  call_sign: string;
  state: AssignmentState;
  assigned_at: IsoTime;
  accepted_at: IsoTime | null;
  en_route_at: IsoTime | null;
  on_scene_at: IsoTime | null;
  cleared_at: IsoTime | null;
  reason: string | null;
}

export interface NearCamera {
  id: string;
  code: string;
  name: Words;
  distance_m: number;
}

export interface StageClock {
  stage: IncidentState;
  started_at: IsoTime;
  limit_s: number | null;
}

export interface IncidentView {
  id: string;
  number: string;
  version: number;
  state: IncidentState;
  priority: Priority;
  kind: IncidentKind;
  channel: Channel;
  synthetic: boolean;
  place: Place | null;
  place_confirmed: boolean;
  place_name: Words | null;
  sos_point: string | null;
  zone_note: Words | null;
  cameras: NearCamera[];
  summary: string | null;
  report_count: number;
  last_report_at: IsoTime;
  opened_at: IsoTime;
  acknowledged_at: IsoTime | null;
  acknowledged_by: string | null;
  dispatched_at: IsoTime | null;
  en_route_at: IsoTime | null;
  on_scene_at: IsoTime | null;
  closed_at: IsoTime | null;
  outcome: Outcome | null;
  escalated_at: IsoTime | null;
  reopened_at: IsoTime | null;
  merged_into: string | null;
  twins: string[];
  assignments: AssignmentView[];
  clock: StageClock | null;
  last_seq: number;
}

export interface ReportView {
  id: string;
  at: IsoTime;
  claimed_at: IsoTime | null;
  claim_trusted: boolean;
  channel: Channel;
  kind: IncidentKind;
  text: string | null;
  place: Place | null;
  place_text: string | null;
  reporter: { name: string | null; phone: string | null } | null;
  sos_point: string | null;
  tracking_code: string;
}

export interface TimelineEntry {
  seq: number;
  at: IsoTime;
  actor: string;
  kind: string;
  words: Words;
  unit_id: string | null;
  note_id: string | null;
}

export interface NoteView {
  id: string;
  at: IsoTime;
  actor: string;
  /** Null when the key of this sealed text was deleted. */
  text: string | null;
}

export interface PhotoView {
  id: string;
  at: IsoTime;
  actor: string;
  url: string;
  width_px: number;
  height_px: number;
}

export interface IncidentDetail {
  incident: IncidentView;
  reports: ReportView[];
  timeline: TimelineEntry[];
  notes: NoteView[];
  photos: PhotoView[];
}

export interface RecommendedUnit {
  unit_id: string;
  call_sign: string;
  rank: number;
  distance_m: number | null;
  eta_s: number | null;
  fix_age_s: number;
  state: UnitState;
  kind: UnitKind;
  reasons: Words[];
}

export interface Recommendation {
  at: IsoTime;
  incident_id: string;
  method: "straight_line" | "road";
  nobody_near: boolean;
  summary: Words;
  units: RecommendedUnit[];
  not_listed: { unit_id: string; call_sign: string; reason: Words }[];
}

// ── patrol ──────────────────────────────────────────────────────────────────────────────────────

export type UnitKind = "car" | "motorcycle" | "foot";
export type UnitState = "off_duty" | "available" | "assigned" | "en_route" | "on_scene" | "unavailable";

export interface Fix {
  lon: number;
  lat: number;
  at: IsoTime;
  received_at: IsoTime;
  accuracy_m: number | null;
  speed_kmh: number | null;
  heading_deg: number | null;
  battery_pct: number | null;
}

export interface UnitView {
  id: string;
  call_sign: string;
  kind: UnitKind;
  name: Words;
  on_duty: boolean;
  duty_since_at: IsoTime | null;
  duty_by: string | null;
  state: UnitState;
  state_reason: string | null;
  incident_ids: string[];
  fix: Fix | null;
  synthetic: boolean;
  updated_seq: number;
}

// ── assets ──────────────────────────────────────────────────────────────────────────────────────

/** Kinds are files of the server; these have words of their own on the console. */
export const ASSET_KINDS = [
  "camera_site",
  "camera",
  "sos_point",
  "light_pole",
  "mobile_cctv",
  "drone",
  "loudspeaker",
  "red_box",
] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];
export type Readiness = "READY" | "WATCH" | "DOWN" | "UNKNOWN";
export type Lifecycle = "proposed" | "approved" | "procured" | "installed" | "in_service" | "retired";

export interface AssetView {
  id: string;
  kind: AssetKind;
  code: string;
  name: Words;
  place: Place | null;
  lifecycle: Lifecycle;
  owner: Words;
  site_id: string | null;
  camera_count: number | null;
  readiness: Readiness;
  readiness_reason: Words;
  readiness_since_at: IsoTime | null;
  last_heartbeat_at: IsoTime | null;
  synthetic: boolean;
  owner_id?: string | null;
  mou_until?: string | null;
  test_until_at?: IsoTime | null;
}

/** What the console shows of an asset: every SOS point, and what else stands in and around the zone. */
export interface ConsoleAsset {
  id: string;
  kind: AssetKind;
  code: string;
  name: Words;
  place?: Place | null;
  lifecycle: Lifecycle;
  readiness: Readiness;
  readiness_since_at: IsoTime | null;
  /** Why, of what is in service. */
  readiness_reason?: Words | null;
  /** Whose it is, where somebody would have to be called. */
  owner?: Words | null;
  camera_count?: number | null;
  last_heartbeat_at?: IsoTime | null;
  test_until_at?: IsoTime | null;
}

// ── zone and console ────────────────────────────────────────────────────────────────────────────

export interface StationView {
  id: string;
  name: Words;
  zone_name: Words;
  center: Place;
  synthetic: boolean;
  note: Words | null;
  area_km2: number;
  perimeter_km: number;
  population: number | null;
}

export type ZoneLayer = "boundary" | "community" | "place" | "street" | "water";

export interface ZoneProperties {
  layer: ZoneLayer;
  name_th: string | null;
  name_en: string | null;
  kind: string | null;
  synthetic: boolean;
}

export type ZoneCollection = GeoJSON.FeatureCollection<GeoJSON.Geometry, ZoneProperties> & {
  synthetic: boolean;
};

export type HandoverView = NoteView;

export interface ConsoleSettings {
  acknowledge_limit_s: number;
  dispatch_limit_s: number;
  accept_limit_s: number;
  arrive_limit_s: number;
  fix_stale_s: number;
  fix_lost_s: number;
  twin_window_s: number;
}

export interface ConsoleSnapshot {
  seq: number;
  at: IsoTime;
  session: SessionView;
  station: StationView;
  incidents: IncidentView[];
  units: UnitView[];
  assets: ConsoleAsset[];
  handover: HandoverView | null;
  settings: ConsoleSettings;
}

// ── live frames ─────────────────────────────────────────────────────────────────────────────────

export interface ChangeFrame {
  seq: number;
  at: IsoTime;
  kind: string;
  actor: string;
  subject: string;
  /** Only what this event changed; a part that it did not touch is left out. */
  incidents?: IncidentView[];
  units?: UnitView[];
  assets?: ConsoleAsset[];
  /** Not shown on the console any more: taken out of use, or moved out of sight. */
  gone?: string[];
  handover?: HandoverView | null;
  /** A setting was changed: what the console draws by from now on, running clocks included. */
  settings?: ConsoleSettings;
}

export interface PositionsFrame {
  at: IsoTime;
  units: { id: string; fix: Fix }[];
}

/** A part of the program that is not well. */
export interface Notice {
  part: string;
  state: "degraded" | "down";
  since_at: IsoTime;
  reason: Words;
}

export interface HeartbeatFrame {
  seq: number;
  at: IsoTime;
  /** Why reports do not come in as they should; empty when all is well. */
  trouble: Trouble[];
  notices: Notice[];
}

export type Trouble = "record" | "doors";

export interface ReloadFrame {
  reason: string;
}

// ── bodies ──────────────────────────────────────────────────────────────────────────────────────

export interface NewReport {
  kind: IncidentKind;
  channel: "phone";
  text?: string;
  place?: Place;
  place_text?: string;
  reporter?: { name?: string; phone?: string };
  sos_point?: string;
}

export interface ReportReceipt {
  report_id: string;
  incident_id: string;
  tracking_code: string;
  joined: boolean;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  words: Words;
  current?: IncidentView;
  units?: { unit_id: string; incident_ids: string[] }[];
}
