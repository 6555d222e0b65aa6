/** The operator's desk: which incident is chosen, which panel is open, and what the hands are doing. */
import { getContext, setContext } from "svelte";
import type { ConsoleAsset, IncidentView, Place, UnitView } from "../api/types.ts";
import { tOr } from "../i18n/i18n.svelte.ts";
import { IncidentWork } from "../incidents/work.svelte.ts";
import { closedLastToFirst, isUnacknowledged, openFirstToLast } from "../incidents/order.ts";
import { activeUnits } from "../incidents/words.ts";
import { LiveFeed } from "../live/feed.svelte.ts";

export type Panel = "none" | "phone" | "help" | "handover" | "assets";

/** The next press on the map sets a place for this. */
export interface Picking {
  purpose: "phone" | "incident";
  done: (place: Place) => void;
}

/** Asks the map to go somewhere; a new object is a new wish, even to the same place. */
export interface MapWish {
  to: Place | "zone";
  /** Leave the map where it is if the place is in sight already. */
  onlyIfHidden?: boolean;
}

const KEY = Symbol("desk");
const NOTHING = new Map<string, never>();

export class Desk {
  readonly feed = new LiveFeed();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- filled while deriving; each work is reactive itself
  private readonly works = new Map<string, IncidentWork>();

  chosenId = $state<string | null>(null);
  queueTab = $state<"open" | "closed">("open");
  panel = $state<Panel>("none");
  picking = $state.raw<Picking | null>(null);
  phonePin = $state.raw<Place | null>(null);
  mapWish = $state.raw<MapWish>({ to: "zone" });
  /** A unit or a piece of equipment somebody pointed at on the map or the board. */
  marked = $state<string | null>(null);
  /** The unit whose duty and state somebody is looking at. */
  managedUnit = $state<string | null>(null);
  boardOpen = $state(true);
  /** On a telephone one part of the desk is shown at a time. */
  phoneTab = $state<"queue" | "map" | "units">("queue");
  toast = $state<string | null>(null);

  readonly incidents: ReadonlyMap<string, IncidentView> = $derived(this.feed.state?.incidents ?? NOTHING);
  readonly units: ReadonlyMap<string, UnitView> = $derived(this.feed.state?.units ?? NOTHING);
  readonly assets: ReadonlyMap<string, ConsoleAsset> = $derived(this.feed.state?.assets ?? NOTHING);
  readonly open: IncidentView[] = $derived(openFirstToLast(this.incidents.values()));
  readonly closed: IncidentView[] = $derived(closedLastToFirst(this.incidents.values()));
  readonly unacknowledged: IncidentView[] = $derived(this.open.filter(isUnacknowledged));
  readonly chosen: IncidentView | null = $derived(this.incidents.get(this.chosenId ?? "") ?? null);

  readonly markedUnits: string[] = $derived([
    ...(this.chosen ? activeUnits(this.chosen).map((a) => a.unit_id) : []),
    ...(this.chosenId ? this.workOn(this.chosenId).unitsChosen : []),
    ...(this.marked ? [this.marked] : []),
  ]);

  private toastTimer: ReturnType<typeof setTimeout> | undefined;

  /** The work on one incident; kept for as long as the screen is open, so nothing begun is lost by looking elsewhere. */
  workOn(id: string): IncidentWork {
    const begun = this.works.get(id);
    if (begun) return begun;
    const work = new IncidentWork(id, this.feed);
    this.works.set(id, work);
    return work;
  }

  /** Only a person chooses; no event ever calls this. */
  choose(id: string | null): void {
    this.chosenId = id;
    const place = this.incidents.get(id ?? "")?.place;
    if (place) this.mapWish = { to: place, onlyIfHidden: true };
    if (this.picking?.purpose === "incident") this.picking = null;
    if (id !== null && this.panel !== "none") this.panel = "none";
  }

  show(panel: Panel): void {
    this.panel = this.panel === panel ? "none" : panel;
    if (this.picking && this.panel !== "phone") this.picking = null;
  }

  /** Who did it, as people say it: the name, the call sign, the pole; `operator:somchai` → `somchai`. */
  nameOf(actor: string): string {
    const [role = "", ...rest] = actor.split(":");
    const id = rest.join(":");
    if (role === "unit") return this.units.get(id)?.call_sign ?? id;
    if (role === "system") return tOr("role.system", role); // which of its jobs it was, the log knows
    if (role === "sos_point" || id === "") return [tOr(`role.${role}`, role), id].join(" ").trim();
    return id;
  }

  say(words: string): void {
    this.toast = words;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast = null), 6_000);
  }
}

export function openDesk(): Desk {
  const desk = new Desk();
  setContext(KEY, desk);
  return desk;
}

export function useDesk(): Desk {
  return getContext<Desk>(KEY);
}
