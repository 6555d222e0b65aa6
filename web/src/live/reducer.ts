/** The state of the screen as a fold: old snapshot + frames = new snapshot, whatever the order of arrival. */
import type {
  ChangeFrame,
  ConsoleAsset,
  ConsoleSettings,
  ConsoleSnapshot,
  Fix,
  HandoverView,
  IncidentView,
  PositionsFrame,
  SessionView,
  StationView,
  UnitView,
} from "../api/types.ts";

/** Everything the server told this screen, by id. Never changed in place: a new frame makes a new one. */
export interface LiveState {
  readonly seq: number;
  readonly at: string;
  readonly session: SessionView;
  readonly station: StationView;
  readonly settings: ConsoleSettings;
  readonly incidents: ReadonlyMap<string, IncidentView>;
  readonly units: ReadonlyMap<string, UnitView>;
  readonly assets: ReadonlyMap<string, ConsoleAsset>;
  readonly handover: HandoverView | null;
}

/** The state that a freshly fetched snapshot stands for. */
export function fromSnapshot(snapshot: ConsoleSnapshot): LiveState {
  return {
    seq: snapshot.seq,
    at: snapshot.at,
    session: snapshot.session,
    station: snapshot.station,
    settings: snapshot.settings,
    incidents: byId(snapshot.incidents),
    units: byId(snapshot.units),
    assets: byId(snapshot.assets),
    handover: snapshot.handover,
  };
}

/**
 * The state after one event. A frame that is already in the snapshot (`seq` not newer) changes nothing,
 * and a view older than the one held never replaces it: an action's own answer may overtake its frame.
 */
export function applyChange(state: LiveState, frame: ChangeFrame): LiveState {
  if (frame.seq <= state.seq) return state;
  return {
    ...state,
    seq: frame.seq,
    at: later(state.at, frame.at),
    settings: frame.settings ?? state.settings,
    incidents: reclocked(merged(state.incidents, frame.incidents, newerIncident), frame.settings),
    units: merged(state.units, frame.units, newerUnit),
    assets: without(
      merged(state.assets, frame.assets, (_old, next) => next),
      frame.gone,
    ),
    handover: frame.handover ?? state.handover,
  };
}

/** The state after the answer to an own action; the live frame of the same event will find nothing to do. */
export function applyIncident(state: LiveState, incident: IncidentView): LiveState {
  const incidents = merged(state.incidents, [incident], newerIncident);
  return incidents === state.incidents ? state : { ...state, incidents };
}

export function applyUnit(state: LiveState, unit: UnitView): LiveState {
  const units = merged(state.units, [unit], newerUnit);
  return units === state.units ? state : { ...state, units };
}

/** The state after coalesced positions. A late fix is never drawn as the newest; nobody off duty has one. */
export function applyPositions(state: LiveState, frame: PositionsFrame): LiveState {
  let units: Map<string, UnitView> | null = null;
  for (const { id, fix } of frame.units) {
    const unit = state.units.get(id);
    if (!unit?.on_duty || !isNewer(fix, unit.fix)) continue;
    units ??= new Map(state.units);
    units.set(id, { ...unit, fix });
  }
  return { ...state, at: later(state.at, frame.at), units: units ?? state.units };
}

/** Clocks that run already have the new limits too, as every view that is asked for from now on. */
function reclocked(
  incidents: ReadonlyMap<string, IncidentView>,
  settings: ConsoleSettings | undefined,
): ReadonlyMap<string, IncidentView> {
  if (!settings) return incidents;
  const limits: Partial<Record<string, number>> = {
    reported: settings.acknowledge_limit_s,
    acknowledged: settings.dispatch_limit_s,
    dispatched: settings.accept_limit_s,
    en_route: settings.arrive_limit_s,
  };
  return new Map(
    [...incidents].map(([id, each]) => {
      const limit_s = each.clock ? (limits[each.clock.stage] ?? null) : null;
      return [id, each.clock ? { ...each, clock: { ...each.clock, limit_s } } : each];
    }),
  );
}

function newerIncident(old: IncidentView | undefined, next: IncidentView): IncidentView {
  if (!old) return next;
  if (next.last_seq !== old.last_seq) return next.last_seq > old.last_seq ? next : old;
  return next.version >= old.version ? next : old;
}

function newerUnit(old: UnitView | undefined, next: UnitView): UnitView {
  if (!old) return next;
  if (next.updated_seq < old.updated_seq) return old;
  if (!next.on_duty) return next.fix ? { ...next, fix: null } : next;
  // A view was built when its event was published; positions since then came by their own frames.
  const keepFix =
    old.on_duty && old.fix !== null && old.duty_since_at === next.duty_since_at && isNewer(old.fix, next.fix);
  return keepFix ? { ...next, fix: old.fix } : next;
}

function isNewer(fix: Fix, than: Fix | null): boolean {
  return than === null || Date.parse(fix.at) > Date.parse(than.at);
}

function later(a: string, b: string): string {
  return Date.parse(b) > Date.parse(a) ? b : a;
}

function byId<T extends { id: string }>(views: readonly T[]): ReadonlyMap<string, T> {
  return new Map(views.map((view) => [view.id, view]));
}

function without<T>(
  old: ReadonlyMap<string, T>,
  gone: readonly string[] | undefined,
): ReadonlyMap<string, T> {
  if (!gone?.some((id) => old.has(id))) return old;
  const next = new Map(old);
  for (const id of gone) next.delete(id);
  return next;
}

function merged<T extends { id: string }>(
  old: ReadonlyMap<string, T>,
  views: readonly T[] | undefined,
  choose: (old: T | undefined, next: T) => T,
): ReadonlyMap<string, T> {
  let next: Map<string, T> | null = null;
  for (const view of views ?? []) {
    const held = old.get(view.id);
    const chosen = choose(held, view);
    if (chosen === held) continue;
    next ??= new Map(old);
    next.set(view.id, chosen);
  }
  return next ?? old;
}
