/** What this screen knows, kept up to date; and whether it is still being told. */
import { api, ApiError } from "../api/client.ts";
import type { IncidentView, Notice, Trouble, UnitView } from "../api/types.ts";
import { clock } from "./clock.svelte.ts";
import { SILENCE_LIMIT_MS } from "./hub.ts";
import { openLink, type Link } from "./link.ts";
import type { LinkState, ToTab } from "./messages.ts";
import {
  applyChange,
  applyIncident,
  applyPositions,
  applyUnit,
  fromSnapshot,
  type LiveState,
} from "./reducer.ts";

/** A connection that is back within this time was a hiccup, not an outage. */
const HICCUP_MS = 1_500;
const FLUSH_AT_LATEST_MS = 120;
const RELOAD_RETRY_MS = 2_000;

const GROUND: ReadonlySet<string> = new Set([
  "zone_drawn",
  "community_defined",
  "community_removed",
  "place_named",
  "place_removed",
  "map_sketched",
  "ground_imported",
]);

/** With another boundary another part of the equipment is the console's. */
const OTHER_GROUND: ReadonlySet<string> = new Set(["zone_drawn"]);

export class LiveFeed {
  state = $state.raw<LiveState | null>(null);
  loadError = $state.raw<ApiError | null>(null);
  signedOut = $state(false);
  link = $state<LinkState>("connecting");
  /** Server time of the last word heard. */
  lastHeardAt = $state(0);
  /** True when an operator must not trust this screen any more. */
  dead = $state(false);
  /** What the station itself says is wrong with it, as of its last sign of life. */
  trouble = $state.raw<readonly Trouble[]>([]);
  /** Counts honest "everything was loaded afresh", so that the screen can say so. */
  reloads = $state(0);

  /** What is not well with the program itself, as the last heartbeat said. */
  notices = $state.raw<Notice[]>([]);

  /** Counts changes of the ground: the map of the zone is to be asked for again. */
  groundChanges = $state(0);

  private wire: Link | null = null;
  private pending: ToTab[] = [];
  private flushPlanned = false;
  private heardAtMs = performance.now();
  private brokenSinceMs: number | null = null;
  private loading = false;

  /** Fetch the snapshot and listen from its seq on. Failing that, `loadError` says why and it tries again. */
  async start(): Promise<void> {
    this.wire ??= this.openWire();
    await this.load();
  }

  retryNow(): void {
    this.wire?.send({ type: "retry" });
    if (!this.state) void this.load();
  }

  /** Ends listening in every tab of this browser. */
  stop(): void {
    this.wire?.send({ type: "stop" });
  }

  /** Take in the answer to an own action without waiting for its frame. */
  takeIncident(incident: IncidentView): void {
    if (this.state) this.state = applyIncident(this.state, incident);
  }

  takeUnit(unit: UnitView): void {
    if (this.state) this.state = applyUnit(this.state, unit);
  }

  private openWire(): Link {
    setInterval(() => this.watch(), 250);
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.load();
    });
    return openLink((message) => this.hear(message));
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const snapshot = await api.console();
      clock.hear(snapshot.at);
      this.state = fromSnapshot(snapshot);
      this.loadError = null;
      this.heard(snapshot.at);
      this.wire?.send({ type: "join", after: snapshot.seq });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this.signedOut = true;
      else {
        this.loadError = error;
        setTimeout(() => void this.load(), RELOAD_RETRY_MS * (0.5 + Math.random()));
      }
    } finally {
      this.loading = false;
    }
  }

  private hear(message: ToTab): void {
    if (message.type === "tick") this.watch();
    else if (message.type === "link") this.setLink(message.state);
    else if (message.type === "signed_out") this.signedOut = true;
    else if (message.type === "reload") {
      this.flush();
      this.reloads += 1;
      void this.load();
    } else {
      clock.hear(message.frame.at);
      this.heard(message.frame.at);
      if (message.type === "heartbeat") {
        this.trouble = message.frame.trouble;
        this.notices = message.frame.notices;
      }
      if (message.type === "change" && GROUND.has(message.frame.kind)) this.groundChanges += 1;
      if (message.type === "change" && OTHER_GROUND.has(message.frame.kind)) void this.load();
      this.pending.push(message);
      this.planFlush();
    }
  }

  /** Frames are folded in once per picture, however many arrive; a hidden tab has no pictures. */
  private planFlush(): void {
    if (document.hidden) this.flush();
    else if (!this.flushPlanned) {
      this.flushPlanned = true;
      requestAnimationFrame(() => this.flush());
      setTimeout(() => this.flush(), FLUSH_AT_LATEST_MS);
    }
  }

  private flush(): void {
    this.flushPlanned = false;
    const messages = this.pending;
    if (messages.length === 0 || !this.state) return;
    this.pending = [];
    this.state = messages.reduce(fold, this.state);
  }

  private heard(at: string): void {
    this.heardAtMs = performance.now();
    this.lastHeardAt = Math.max(this.lastHeardAt, Date.parse(at));
    if (this.link === "open") this.watch();
  }

  private setLink(state: LinkState): void {
    this.link = state;
    if (state === "broken") this.brokenSinceMs ??= performance.now();
    if (state === "open") this.brokenSinceMs = null;
    this.watch();
  }

  private watch(): void {
    clock.tick();
    const now = performance.now();
    const silent = now - this.heardAtMs > SILENCE_LIMIT_MS;
    const broken = this.brokenSinceMs !== null && now - this.brokenSinceMs > HICCUP_MS;
    this.dead = this.state !== null && (silent || broken);
  }
}

function fold(state: LiveState, message: ToTab): LiveState {
  if (message.type === "change") return applyChange(state, message.frame);
  if (message.type === "positions") return applyPositions(state, message.frame);
  return state;
}
