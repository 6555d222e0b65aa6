/** One person's work on one incident: details, choices not yet sent, and what happened to what was sent. */
import { SvelteSet } from "svelte/reactivity";
import { api, ApiError } from "../api/client.ts";
import type {
  IncidentDetail,
  IncidentView,
  Outcome,
  Place,
  Priority,
  Recommendation,
  RecommendedUnit,
  Words,
} from "../api/types.ts";
import type { PlainKey } from "../i18n/i18n.svelte.ts";
import type { LiveFeed } from "../live/feed.svelte.ts";
import { drafts } from "./drafts.svelte.ts";
import { isOpen } from "./order.ts";
import { activeUnits } from "./words.ts";

export type Mode = "none" | "dispatch" | "close" | "reopen" | "priority";

/** Somebody else changed the incident first: nothing was saved, nothing that was typed is lost. */
export interface Conflict {
  words: Words | null;
  action: PlainKey;
  /** Null when the action makes no sense any more, as acknowledging what another has acknowledged. */
  retry: (() => Promise<boolean>) | null;
}

export interface Failure {
  status: number;
  words: Words | null;
}

interface Step {
  action: PlainKey;
  call: (expectedVersion: number) => Promise<IncidentView | null>;
  again: () => Promise<boolean>;
  possible?: (current: IncidentView) => boolean;
}

export class IncidentWork {
  detail = $state.raw<IncidentDetail | null>(null);
  detailFailed = $state(false);
  recommendation = $state.raw<Recommendation | null>(null);
  recommendationFailed = $state(false);
  mode = $state<Mode>("none");
  sending = $state<PlainKey | null>(null);
  conflict = $state.raw<Conflict | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** The server asks for a reason: a chosen unit already has an incident. */
  busyAsked = $state(false);
  readonly unitsChosen = new SvelteSet<string>();
  outcome = $state<Outcome | null>(null);
  priority = $state<Priority | null>(null);

  constructor(
    readonly id: string,
    private readonly feed: LiveFeed,
  ) {}

  get view(): IncidentView | null {
    return this.feed.state?.incidents.get(this.id) ?? null;
  }

  draft(field: string): string {
    return drafts.get(`${this.id}.${field}`);
  }

  setDraft(field: string, text: string): void {
    drafts.set(`${this.id}.${field}`, text);
  }

  /** The units that can be chosen, in the order of their numbers on the screen. */
  get choices(): RecommendedUnit[] {
    const sent = this.view ? activeUnits(this.view).map((a) => a.unit_id) : [];
    return this.recommendation?.units.filter((unit) => !sent.includes(unit.unit_id)) ?? [];
  }

  /** True while somebody is choosing: the numbers must not change under their fingers. */
  get choosing(): boolean {
    return this.mode === "dispatch" || this.unitsChosen.size > 0;
  }

  toggleUnit(unitId: string): void {
    if (!this.unitsChosen.delete(unitId)) this.unitsChosen.add(unitId);
  }

  async loadDetail(): Promise<void> {
    try {
      this.detail = await api.incident(this.id);
      this.detailFailed = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.detailFailed = true;
    }
  }

  async loadRecommendation(): Promise<void> {
    try {
      this.recommendation = await api.recommendation(this.id);
      this.recommendationFailed = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.recommendationFailed = true;
    }
  }

  open(mode: Mode): void {
    this.mode = this.mode === mode ? "none" : mode;
    this.failure = null;
    if (mode === "dispatch" && !this.recommendation) void this.loadRecommendation();
  }

  acknowledge(): Promise<boolean> {
    return this.act({
      action: "incident.acknowledge",
      call: (version) => api.acknowledge(this.id, version),
      again: () => this.acknowledge(),
      possible: (current) => current.state === "reported",
    });
  }

  async dispatch(): Promise<boolean> {
    const unit_ids = [...this.unitsChosen];
    if (unit_ids.length === 0) return false;
    const reason = this.draft("second_assignment").trim();
    const sent = await this.act({
      action: "incident.dispatch",
      call: (expected_version) =>
        api.dispatch(this.id, {
          expected_version,
          unit_ids,
          ...(reason && { second_assignment_reason: reason }),
        }),
      again: () => this.dispatch(),
      possible: isOpen,
    });
    if (sent) {
      this.unitsChosen.clear();
      this.busyAsked = false;
      this.finish("second_assignment");
    }
    return sent;
  }

  assignment(unitId: string, state: string, reason?: string): Promise<boolean> {
    return this.act({
      action: `assignment.do.${state}` as PlainKey,
      call: () => api.assignment(this.id, unitId, { state, ...(reason && { reason }) }),
      again: () => this.assignment(unitId, state, reason),
      possible: isOpen,
    });
  }

  async setPriority(): Promise<boolean> {
    const { priority } = this;
    if (!priority) return false;
    const reason = this.draft("priority").trim();
    const sent = await this.act({
      action: "priority.change",
      call: (expected_version) => api.priority(this.id, { expected_version, priority, reason }),
      again: () => this.setPriority(),
      possible: isOpen,
    });
    if (sent) this.finish("priority");
    return sent;
  }

  setPlace(place: Place): Promise<boolean> {
    return this.act({
      action: "incident.place.confirm",
      call: (expected_version) => api.place(this.id, { expected_version, place }),
      again: () => this.setPlace(place),
      possible: isOpen,
    });
  }

  async addNote(): Promise<boolean> {
    const text = this.draft("note").trim();
    if (text === "") return false;
    const sent = await this.act({
      action: "incident.note.add",
      call: () => api.note(this.id, text),
      again: () => this.addNote(),
    });
    // Only what was sent is cleared: somebody may have typed on meanwhile.
    if (sent && this.draft("note").trim() === text) this.setDraft("note", "");
    return sent;
  }

  async addPhoto(photo: File): Promise<boolean> {
    const sent = await this.act({
      action: "incident.photo.add",
      call: () => api.photo(this.id, photo),
      again: () => this.addPhoto(photo),
    });
    if (sent) void this.loadDetail();
    return sent;
  }

  merge(into: string): Promise<boolean> {
    return this.act({
      action: "twin.do",
      call: (expected_version) => api.merge(this.id, { expected_version, into }),
      again: () => this.merge(into),
      possible: isOpen,
    });
  }

  async close(): Promise<boolean> {
    const { outcome } = this;
    if (!outcome) return false;
    const note = this.draft("close").trim();
    const sent = await this.act({
      action: "incident.close",
      call: (expected_version) => api.close(this.id, { expected_version, outcome, ...(note && { note }) }),
      again: () => this.close(),
      possible: isOpen,
    });
    if (sent) this.finish("close");
    return sent;
  }

  async reopen(): Promise<boolean> {
    const reason = this.draft("reopen").trim();
    const sent = await this.act({
      action: "incident.reopen",
      call: (expected_version) => api.reopen(this.id, { expected_version, reason }),
      again: () => this.reopen(),
      possible: (current) => current.state === "closed",
    });
    if (sent) this.finish("reopen");
    return sent;
  }

  private finish(field: string): void {
    this.mode = "none";
    this.outcome = null;
    this.priority = null;
    this.setDraft(field, "");
  }

  /** Sends one action; true when it is stored. Otherwise `conflict` or `failure` says why, in words. */
  private async act(step: Step): Promise<boolean> {
    if (this.sending !== null) return false;
    this.sending = step.action;
    this.conflict = null;
    this.failure = null;
    try {
      const stored = await step.call(this.view?.version ?? 0);
      if (stored) this.feed.takeIncident(stored);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused(error, step);
      return false;
    } finally {
      this.sending = null;
    }
  }

  private refused(error: ApiError, { action, again, possible }: Step): void {
    const current = error.problem?.current;
    if (current) this.feed.takeIncident(current);
    if (error.problem?.code === "unit_busy") {
      this.busyAsked = true; // not overtaken: the server asks for a reason
      this.failure = { status: error.status, words: error.words };
    } else if (error.status === 409 && current) {
      const canRetry = possible?.(current) ?? true;
      this.conflict = { words: error.words, action, retry: canRetry ? again : null };
    } else this.failure = { status: error.status, words: error.words };
  }
}
