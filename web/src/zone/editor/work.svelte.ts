/** One person's work on the ground: the newest map, what is being drawn on it, and what became of saving. */
import { ApiError } from "../../api/client.ts";
import type { Place, Words, ZoneCollection } from "../../api/types.ts";
import { groundApi, problemsOf, type Measured, type OutlineProblem, type ZoneDetails } from "./api.ts";
import type { EditMap, Tool } from "./edit_map.ts";
import * as outline from "./outline.ts";

const CHECK_AFTER_MS = 250;

export class GroundWork {
  details = $state.raw<ZoneDetails | null>(null);
  zone = $state.raw<ZoneCollection | null>(null);
  failed = $state(false);
  drawn = $state.raw<outline.Drawn>(outline.EMPTY);
  tool = $state<Tool>("look");
  sticks = $state(true);
  placed = $state.raw<Place | null>(null);
  measured = $state.raw<Measured | null>(null);
  /** What the server said against the last change. */
  refused = $state.raw<Words | null>(null);
  unreachable = $state(false);
  problems = $state.raw<readonly OutlineProblem[]>([]);
  saving = $state(false);
  saved = $state(0);
  map: EditMap | null = null;
  private asked = 0;
  private planned: ReturnType<typeof setTimeout> | undefined;

  async load(fit = false): Promise<void> {
    this.failed = false;
    try {
      [this.details, this.zone] = await Promise.all([groundApi.details(), groundApi.map()]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed = true;
      return;
    }
    await this.map?.showZone(this.zone, fit);
  }

  /** From now on the hand does this; what was drawn before is gone. */
  begin(tool: Tool, drawn: outline.Drawn = outline.EMPTY, except = ""): void {
    this.tool = tool;
    this.placed = null;
    this.measured = null;
    this.refused = null;
    this.unreachable = false;
    this.map?.use(tool, except);
    this.take(drawn);
    this.map?.draw(drawn);
  }

  end(): void {
    this.begin("look");
    void this.map?.show("preview", null);
    void this.map?.show("compare", null);
  }

  /** The outline is this one now; what it measures and what is wrong with it is asked a moment later. */
  take(drawn: outline.Drawn): void {
    this.drawn = drawn;
    this.say([]);
    clearTimeout(this.planned);
    this.asked += 1;
    const area = outline.toGeometry(drawn);
    if (!area) this.measured = null;
    else this.planned = setTimeout(() => void this.check(area, this.asked), CHECK_AFTER_MS);
  }

  /** Take a step on the map and in what is known of it. */
  step(how: (drawn: outline.Drawn) => outline.Drawn): void {
    const now = how(this.drawn);
    this.map?.draw(now);
    this.take(now);
  }

  private async check(area: outline.AreaGeometry, asked: number): Promise<void> {
    try {
      const measured = await groundApi.check(area);
      if (asked !== this.asked) return; // it was drawn on meanwhile
      this.measured = measured;
      this.say(measured.problems);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // saving asks again
    }
  }

  private say(problems: readonly OutlineProblem[]): void {
    this.problems = problems;
    void this.map?.mark(problems.flatMap((each) => (each.at ? [each.at] : [])));
  }

  /** Hand in a change on the version that is shown; true when it is on disk. What was typed and drawn stays if not. */
  async save(what: string, body: object): Promise<boolean> {
    return this.try(() => groundApi.change(what, { expected_version: this.details?.version ?? "", ...body }));
  }

  async try(ask: () => Promise<unknown>): Promise<boolean> {
    this.saving = true;
    this.refused = null;
    this.unreachable = false;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused = error.words;
      this.unreachable = !error.words;
      this.say(problemsOf(error));
      if (error.status === 409) await this.load(); // the newest map is under what was drawn; saving again is deliberate
      return false;
    } finally {
      this.saving = false;
    }
    this.saved += 1;
    await this.load();
    return true;
  }

  /** Ask for something that changes nothing; what is refused is told. */
  async quietly(ask: () => Promise<void>): Promise<void> {
    this.refused = null;
    this.unreachable = false;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused = error.words;
      this.unreachable = !error.words;
    }
  }

  area(): outline.AreaGeometry | null {
    return outline.toGeometry(this.drawn);
  }

  geometryOf(layer: string, id?: string): GeoJSON.Geometry | null {
    const found = this.zone?.features.find((f) => f.properties.layer === layer && (!id || f.id === id));
    return found?.geometry ?? null;
  }
}
