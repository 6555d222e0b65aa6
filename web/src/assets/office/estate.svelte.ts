/** What the equipment's room has in hand: the filter, what it found, and the one thing that is looked at. */
import { ApiError } from "../../api/client.ts";
import type { AssetView, Role } from "../../api/types.ts";
import {
  estate,
  NO_WISH,
  type Detail,
  type Kind,
  type Mou,
  type Owner,
  type Tally,
  type Wanted,
} from "./api.ts";

/** Who keeps the register, who carries things about, and who may say that something is wrong. As the server has it. */
export const KEEPERS: readonly Role[] = ["admin", "supervisor", "chief"];
export const CARRIERS: readonly Role[] = [...KEEPERS, "technician"];
export const STAFF: readonly Role[] = [...CARRIERS, "operator"];
export const REPORTERS: readonly Role[] = [...STAFF, "cctv_owner"];

const PAGE = 60;

class EstateDesk {
  wanted = $state<Wanted>({ ...NO_WISH });
  items = $state.raw<AssetView[]>([]);
  total = $state(0);
  loading = $state(false);
  kinds = $state.raw<Kind[]>([]);
  owners = $state.raw<Owner[]>([]);
  mous = $state.raw<Mou[]>([]);
  tally = $state.raw<Tally | null>(null);
  detail = $state.raw<Detail | null>(null);
  problem = $state.raw<unknown>(null);
  /** How often the list was answered. */
  answers = $state(0);
  /** Grows with every change, so that the map and lists ask anew. */
  changes = $state(0);
  /** Asks for the map, while it is what one looks at; resolves when all that was wanted is drawn. */
  draw: (() => Promise<void>) | null = null;
  private drawn: Promise<void> | undefined;
  private asking = false;
  private asked = false;

  async start(): Promise<void> {
    await this.trying(async () => {
      [this.kinds, this.owners, this.mous] = await Promise.all([
        estate.kinds(),
        estate.owners(),
        estate.mous(),
      ]);
    });
    await Promise.all([this.find(), this.count()]);
  }

  /**
   * What the filter wants, from the beginning: first what one looks at, the map, and only then the list, so that they do
   * not keep each other waiting. One question at a time: what is typed meanwhile is asked next.
   */
  async find(): Promise<void> {
    this.loading = true;
    this.asked = true;
    this.drawn = this.draw?.();
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.asked) {
        this.asked = false;
        await this.trying(async () => {
          await this.drawn;
          this.asked = false;
          const page = await estate.page({ ...this.wanted }, 0, PAGE);
          this.items = page.items;
          this.total = page.total;
          this.answers += 1;
        });
      }
    } finally {
      this.asking = this.loading = false;
    }
  }

  /** How many there are of everything, whatever the filter wants. */
  async count(): Promise<void> {
    await this.trying(async () => {
      this.tally = await estate.tally();
    });
  }

  async more(): Promise<void> {
    await this.trying(async () => {
      const page = await estate.page(this.wanted, this.items.length, PAGE);
      this.items = [...this.items, ...page.items];
    });
  }

  async open(id: string): Promise<void> {
    await this.trying(async () => {
      this.detail = await estate.detail(id);
      if (decodeURIComponent(location.hash.slice(1)) !== id) history.replaceState(null, "", `#${id}`);
    });
  }

  /** How the thing that is looked at stands by now: it is judged by the clock, and others work on it too. */
  async again(): Promise<void> {
    const id = this.detail?.asset.id;
    if (!id || document.hidden) return;
    const now = await estate.detail(id).catch(() => null);
    if (now && this.detail?.asset.id === id) this.detail = now;
  }

  close(): void {
    this.detail = null;
    if (location.hash) history.replaceState(null, "", location.pathname);
  }

  /** Does something with a thing, then shows how it stands where it is looked at; false when it was refused. */
  async act(id: string, action: () => Promise<unknown>): Promise<boolean> {
    const done = await this.trying(async () => {
      await action();
      if (this.detail?.asset.id === id) this.detail = await estate.detail(id);
    });
    if (done) {
      this.changes += 1;
      void this.find();
      void this.count();
    }
    return done;
  }

  /** Something changed that is not about one thing. */
  async refresh(): Promise<void> {
    this.changes += 1;
    await this.start();
  }

  async trying(action: () => Promise<void>): Promise<boolean> {
    this.problem = null;
    try {
      await action();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
      return false;
    }
  }
}

export const desk = new EstateDesk();
