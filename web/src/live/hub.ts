/** One live connection for all tabs of a browser: it resumes without gaps and says honestly when it cannot. */
import type { ChangeFrame, HeartbeatFrame, PositionsFrame, ReloadFrame } from "../api/types.ts";
import type { FromTab, LinkState, ToTab } from "./messages.ts";

/** Three missed heartbeats (5 s each) less a little: the promise to the operator is 15 s. */
export const SILENCE_LIMIT_MS = 12_000;
const KEPT_FRAMES = 4_000;
const FIRST_RETRY_MS = 300;
const LONGEST_RETRY_MS = 8_000;

/** What the hub needs of an EventSource. */
export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Tab {
  postMessage(message: ToTab): void;
}

export interface HubNeeds {
  connect(after: number): Source;
  /** Milliseconds from any fixed point; must not jump when somebody sets the PC's clock. */
  now(): number;
  /** 0 ≤ random < 1: spreads the reconnects of many consoles after a restart of the server. */
  random(): number;
  /** False only when the server said that this browser is signed out. */
  isSignedIn(): Promise<boolean>;
}

export class Hub {
  private readonly tabs = new Set<Tab>();
  private source: Source | null = null;
  private link: LinkState = "connecting";
  private cursor = 0;
  /** Every change frame after `keptFrom` is in `kept`. */
  private keptFrom = 0;
  private kept: ChangeFrame[] = [];
  private heardAt = 0;
  private failures = 0;
  private retryAt: number | null = null;

  constructor(private readonly needs: HubNeeds) {}

  hear(tab: Tab, message: FromTab): void {
    if (message.type === "join") this.join(tab, message.after);
    else if (message.type === "leave") this.leave(tab);
    else if (message.type === "retry") this.retryNow();
    else this.stop();
  }

  /** Called once a second by whoever owns this hub. */
  tick(): void {
    const now = this.needs.now();
    if (this.source && now - this.heardAt > SILENCE_LIMIT_MS) this.fail();
    if (this.retryAt !== null && now >= this.retryAt) this.connect();
    this.tell({ type: "tick" });
  }

  private join(tab: Tab, after: number): void {
    const running = this.source !== null || this.retryAt !== null;
    if (running && after < this.keptFrom) {
      tab.postMessage({ type: "reload", reason: "behind" });
      return;
    }
    this.tabs.add(tab);
    if (!running) {
      this.cursor = this.keptFrom = after;
      this.kept = [];
      this.connect();
      return;
    }
    tab.postMessage({ type: "link", state: this.link });
    for (const frame of this.kept) if (frame.seq > after) tab.postMessage({ type: "change", frame });
  }

  private leave(tab: Tab): void {
    this.tabs.delete(tab);
    if (this.tabs.size === 0) this.disconnect();
  }

  private stop(): void {
    this.disconnect();
    this.tell({ type: "signed_out" });
    this.tabs.clear();
  }

  private retryNow(): void {
    if (this.retryAt !== null) this.connect();
  }

  private connect(): void {
    this.source?.close();
    this.retryAt = null;
    this.heardAt = this.needs.now();
    if (this.link !== "broken") this.setLink("connecting");
    const source = this.needs.connect(this.cursor);
    this.source = source;
    const on = <T>(type: string, use: (frame: T) => void): void =>
      source.addEventListener(type, (event) => {
        if (this.source !== source) return; // a late word of a connection already given up
        this.heard();
        use(JSON.parse(event.data) as T);
      });
    on<ChangeFrame>("change", (frame) => this.change(frame));
    on<PositionsFrame>("positions", (frame) => this.tell({ type: "positions", frame }));
    on<HeartbeatFrame>("heartbeat", (frame) => this.tell({ type: "heartbeat", frame }));
    on<ReloadFrame>("reload", ({ reason }) => this.reload(reason));
    on("signed_out", () => this.stop());
    source.addEventListener("open", () => this.source === source && this.heard());
    source.addEventListener("error", () => this.source === source && this.fail());
  }

  private heard(): void {
    this.heardAt = this.needs.now();
    this.failures = 0;
    this.setLink("open");
  }

  private change(frame: ChangeFrame): void {
    if (frame.seq <= this.cursor) return;
    this.cursor = frame.seq;
    this.kept.push(frame);
    if (this.kept.length > KEPT_FRAMES) {
      const dropped = this.kept.splice(0, KEPT_FRAMES / 2);
      this.keptFrom = dropped.at(-1)?.seq ?? this.keptFrom;
    }
    this.tell({ type: "change", frame });
  }

  /** The server cannot continue from our place: every tab fetches a new snapshot and joins again. */
  private reload(reason: string): void {
    this.disconnect();
    this.tell({ type: "reload", reason });
    this.tabs.clear();
  }

  private fail(): void {
    this.source?.close();
    this.source = null;
    this.failures += 1;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1));
    this.retryAt = this.needs.now() + wait * (0.5 + this.needs.random());
    this.setLink("broken");
    void this.needs.isSignedIn().then((signedIn) => {
      if (!signedIn) this.stop();
    });
  }

  private disconnect(): void {
    this.source?.close();
    this.source = null;
    this.retryAt = null;
    this.failures = 0;
    this.link = "connecting";
  }

  private setLink(state: LinkState): void {
    if (state === this.link) return;
    this.link = state;
    this.tell({ type: "link", state });
  }

  private tell(message: ToTab): void {
    for (const tab of this.tabs) tab.postMessage(message);
  }
}
