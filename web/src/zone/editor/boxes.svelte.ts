/** Red boxes and the rest of the equipment on the map of the zone: read from its register, changed through it alone. */
import { ApiError } from "../../api/client.ts";
import type { AssetView, Lifecycle, Place } from "../../api/types.ts";
import { estate, NO_WISH, type Marks, type Owner } from "../../assets/office/api.ts";
import { pointsOf } from "./edit_map.ts";
import type { GroundWork } from "./work.svelte.ts";

const KIND = "red_box";
const PAGE = 500;
/** What lies on top of each other at this scale is one faint dot: a region's worth of equipment stays a small answer. */
const GATHERED = 15;

export interface NewBox {
  code: string;
  th: string;
  en: string;
  lifecycle: Lifecycle;
  /** Empty when nobody is written down as its owner. */
  owner: string;
}

export class BoxWork {
  boxes = $state.raw<AssetView[]>([]);
  /** The rest of the equipment is drawn too, faintly. */
  others = $state(true);
  owners = $state.raw<Owner[]>([]);
  chosen = $state("");
  failed = $state(false);
  private marks: Marks | null = null;

  constructor(private readonly work: GroundWork) {}

  async load(): Promise<void> {
    this.failed = false;
    try {
      const found: AssetView[] = [];
      for (let total = 1; found.length < total;) {
        const page = await estate.page({ ...NO_WISH, kind: KIND }, found.length, PAGE);
        if (page.items.length === 0) break;
        found.push(...page.items);
        total = page.total;
      }
      this.boxes = found.filter((box) => box.lifecycle !== "retired");
      [this.marks, this.owners] = await Promise.all([
        estate.marks(NO_WISH, { zoom: GATHERED }),
        estate.owners(),
      ]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed = true;
    }
    this.draw();
  }

  draw(): void {
    const boxes = this.boxes.flatMap((box) =>
      box.place
        ? [{ at: box.place, properties: { id: box.id, label: box.code, chosen: box.id === this.chosen } }]
        : [],
    );
    void this.work.map?.show("boxes", pointsOf(boxes));
    void this.work.map?.show("estate", this.others && this.marks ? othersOf(this.marks) : null);
  }

  /** The next code in the row of those that are there, to save typing. */
  nextCode(): string {
    const numbers = this.boxes.map((box) => Number(/^RB-(\d{1,6})$/i.exec(box.code)?.[1] ?? 0));
    return `RB-${String(Math.max(0, ...numbers) + 1).padStart(2, "0")}`;
  }

  add(box: NewBox, place: Place): Promise<boolean> {
    const { code, th, en, lifecycle, owner } = box;
    const body = { kind: KIND, code, name: { th, en }, lifecycle, place, owner_id: owner || null };
    return this.change(() => estate.add(body));
  }

  move(id: string, place: Place, reason: string): Promise<boolean> {
    return this.change(() => estate.change(id, "place", { place, reason }));
  }

  private async change(ask: () => Promise<unknown>): Promise<boolean> {
    const done = await this.work.try(ask);
    if (done) await this.load();
    return done;
  }
}

function othersOf(marks: Marks): GeoJSON.FeatureCollection {
  const points = marks.id.flatMap((id, n) => {
    const at = { lon: marks.lon[n] ?? 0, lat: marks.lat[n] ?? 0 };
    const isBox = marks.count[n] === 1 && marks.kinds[marks.kind[n] ?? 0] === KIND;
    return isBox ? [] : [{ at, properties: { id } }];
  });
  return pointsOf(points);
}
