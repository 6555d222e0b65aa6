/** Areas, lengths and days of the ground as a person reads them. */
import { t, tOr, type Lang } from "../../i18n/i18n.svelte.ts";
import { longDate } from "../../i18n/dates.ts";

export function areaWords(areaM2: number): string {
  if (areaM2 < 20_000) return t("ground.m2", { n: Math.round(areaM2).toLocaleString("en") });
  return t("ground.km2", { n: Number((areaM2 / 1e6).toFixed(areaM2 < 1e8 ? 3 : 0)).toLocaleString("en") });
}

export function lengthWords(lengthM: number): string {
  return t("ground.km", { n: Number((lengthM / 1000).toFixed(2)).toLocaleString("en") });
}

/** The ISO day of `20/11/2569`, `2569-11-20` or `2026-11-20`; null when it is none. */
export function isoDay(text: string): string | null {
  const plain = text.trim();
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(plain);
  const turned = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(plain);
  const [year, month, day] = (found ? found.slice(1) : (turned?.slice(1).reverse() ?? [])).map(Number);
  if (!year || !month || !day) return null;
  const at = new Date(Date.UTC(year >= 2400 ? year - 543 : year, month - 1, day));
  return at.getUTCMonth() === month - 1 ? at.toISOString().slice(0, 10) : null;
}

/** An ISO day as `ศ. 20 พ.ย. 2569`. */
export function dayWords(day: string, lang: Lang): string {
  return longDate(Date.parse(`${day}T12:00:00+07:00`), lang);
}

/** What a place can be called in the form; a list that was imported may say more. */
const KINDS = [
  "market",
  "gold_shop",
  "bank",
  "shop",
  "hotel",
  "school",
  "temple",
  "hospital",
  "government",
  "police",
  "pier",
  "bus_station",
  "parking",
  "park",
  "other",
];

/** What sort of place it is, in words; as it was imported where there are none. */
export function placeKind(kind: string): string {
  return tOr(`ground.place.${kind}`, kind);
}

/** The kinds among which one is chosen, and the one that is there now. */
export function kindsWith(kind: string): string[] {
  return KINDS.includes(kind) || !kind ? KINDS : [...KINDS, kind];
}
