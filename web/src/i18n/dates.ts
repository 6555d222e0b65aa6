/** Times as a Thai station reads them: Bangkok time, Buddhist-era years, 24-hour clock. */
import type { Lang } from "./i18n.svelte.ts";

/** No agreement, loan or warranty ends in the 25th century of the common era: such a year is one of the Buddhist era. */
const BUDDHIST_FROM = 2400;
const BANGKOK_MS = 7 * 3_600_000; // Thailand has kept UTC+7 without daylight saving since 1920

const MONTHS: Record<Lang, readonly string[]> = {
  th: ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."],
  en: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
};
const WEEKDAYS: Record<Lang, readonly string[]> = {
  th: ["อา.", "จ.", "อ.", "พ.", "พฤ.", "ศ.", "ส."],
  en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
};

const two = (n: number): string => String(n).padStart(2, "0");

function bangkok(ms: number): Date {
  return new Date(ms + BANGKOK_MS); // read with the UTC getters
}

/** `19:05:42`, Bangkok time. */
export function clockTime(ms: number): string {
  const at = bangkok(ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `19:05`, Bangkok time. */
export function shortTime(ms: number): string {
  return clockTime(ms).slice(0, 5);
}

/** `ศ. 20 พ.ย. 2569` or `Fri 20 Nov 2569 BE`. */
export function longDate(ms: number, lang: Lang): string {
  const at = bangkok(ms);
  const year = at.getUTCFullYear() + 543;
  const date = `${WEEKDAYS[lang][at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[lang][at.getUTCMonth()]} ${year}`;
  return lang === "th" ? date : `${date} BE`;
}

/** `ศ. 20 พ.ย. 2569 19:05` or `Fri 20 Nov 2569 BE 19:05`, of an ISO time. */
export function dateAndTime(time: string, lang: Lang): string {
  const ms = Date.parse(time);
  return `${longDate(ms, lang)} ${shortTime(ms)}`;
}

/** A day whose year was typed in the Buddhist era, `2571-03-31`, in the era that is kept, `2028-03-31`; others as they are. */
export function thisEra(day: string): string {
  const year = Number(day.slice(0, 4));
  return /^\d{4}-/.test(day) && year >= BUDDHIST_FROM ? `${year - 543}${day.slice(4)}` : day;
}

/** `19:05`, or `20 พ.ย. 19:05` when it is not the Bangkok day of `nowMs`. */
export function dayTime(ms: number, nowMs: number, lang: Lang): string {
  const at = bangkok(ms);
  const now = bangkok(nowMs);
  const sameDay = at.toISOString().slice(0, 10) === now.toISOString().slice(0, 10);
  if (sameDay) return shortTime(ms);
  return `${at.getUTCDate()} ${MONTHS[lang][at.getUTCMonth()]} ${shortTime(ms)}`;
}

/** A running clock: `03:12`, from an hour on `1:03:12`; never below zero. */
export function running(durationS: number): string {
  const s = Math.max(0, Math.floor(durationS));
  const h = Math.floor(s / 3600);
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}
