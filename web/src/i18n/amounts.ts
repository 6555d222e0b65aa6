/** Durations and distances in words short enough for a row of the queue. */
import { t } from "./i18n.svelte.ts";

/** `42 s`, `3 min`, `2 h`, `4 d`: one unit, rounded down, because an age must not look younger than it is told. */
export function age(durationS: number): string {
  const s = Math.max(0, Math.floor(durationS));
  if (s < 60) return t("time.s", { n: s });
  if (s < 3600) return t("time.min", { n: Math.floor(s / 60) });
  if (s < 86_400) return t("time.h", { n: Math.floor(s / 3600) });
  return t("time.day", { n: Math.floor(s / 86_400) });
}

/** `80 m`, `1.2 km`. */
export function distance(distanceM: number): string {
  if (distanceM < 995)
    return t("time.m", { n: distanceM < 100 ? Math.round(distanceM) : Math.round(distanceM / 10) * 10 });
  return t("time.km", { n: Number((distanceM / 1000).toFixed(1)) });
}
