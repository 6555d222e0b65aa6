/** The phone-in form while somebody is on the line: survives closing the form, other incidents and a reload. */
import type { IncidentKind, NewReport, Place } from "../api/types.ts";
import { drafts } from "./drafts.svelte.ts";

const FIELDS = ["kind", "said", "place_text", "sos_point", "name", "phone", "lon", "lat", "key"] as const;
type Field = (typeof FIELDS)[number];

export const phoneDraft = {
  get(field: Field): string {
    return drafts.get(`phone.${field}`);
  },

  set(field: Field, text: string): void {
    drafts.set(`phone.${field}`, text);
  },

  get pin(): Place | null {
    const lon = Number.parseFloat(this.get("lon"));
    const lat = Number.parseFloat(this.get("lat"));
    return Number.isFinite(lon) && Number.isFinite(lat) ? { lon, lat } : null;
  },

  set pin(place: Place | null) {
    this.set("lon", place ? String(place.lon) : "");
    this.set("lat", place ? String(place.lat) : "");
  },

  /** One key per call: pressing "save" again after a lost answer cannot make a second report. */
  get key(): string {
    if (this.get("key") === "") this.set("key", crypto.randomUUID());
    return this.get("key");
  },

  clear(): void {
    for (const field of FIELDS) this.set(field, "");
  },

  /** The report as it is sent; null until the kind is chosen. */
  report(): NewReport | null {
    const kind = this.get("kind") as IncidentKind | "";
    if (kind === "") return null;
    const [text, place_text, sos_point, name, phone] = (
      ["said", "place_text", "sos_point", "name", "phone"] as const
    ).map((f) => this.get(f).trim());
    return {
      kind,
      channel: "phone",
      ...(text && { text }),
      ...(this.pin && { place: this.pin }),
      ...(place_text && { place_text }),
      ...(sos_point && { sos_point }),
      ...((name || phone) && { reporter: { ...(name && { name }), ...(phone && { phone }) } }),
    };
  },
};
