/** Areas, lengths and days of the ground as a person reads them. */
import { t, type Lang } from "../../i18n/i18n.svelte.ts";
import { longDate } from "../../i18n/dates.ts";

export function areaWords(areaM2: number): string {
  if (areaM2 < 20_000) return t("ground.m2", { n: Math.round(areaM2).toLocaleString("en") });
  return t("ground.km2", { n: Number((areaM2 / 1e6).toFixed(areaM2 < 1e8 ? 3 : 0)).toLocaleString("en") });
}

export function lengthWords(lengthM: number): string {
  return t("ground.km", { n: Number((lengthM / 1000).toFixed(2)).toLocaleString("en") });
}

/** An ISO day as `ศ. 20 พ.ย. 2569`. */
export function dayWords(day: string, lang: Lang): string {
  return longDate(Date.parse(`${day}T12:00:00+07:00`), lang);
}
