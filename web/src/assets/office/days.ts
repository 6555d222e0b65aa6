/** Days as forms and screens have them: `2026-12-31` inside, `31 ธ.ค. 2569` shown. */
import { longDate } from "../../i18n/dates.ts";
import { language } from "../../i18n/i18n.svelte.ts";

const BANGKOK_MS = 7 * 3_600_000;

/** The day in Thailand at this moment. */
export function today(): string {
  return new Date(Date.now() + BANGKOK_MS).toISOString().slice(0, 10);
}

/** A day as it is shown, without the day of the week. */
export function showDay(day: string): string {
  return longDate(Date.parse(`${day}T12:00:00+07:00`), language.current).replace(/^\S+\s/, "");
}

export function isOver(day: string | null | undefined): boolean {
  return Boolean(day) && (day as string) < today();
}

/** `20 พ.ย. 2569 19:05`. */
export function showTime(at: string): string {
  const ms = Date.parse(at);
  const clock = new Date(ms + BANGKOK_MS).toISOString().slice(11, 16);
  return `${showDay(new Date(ms + BANGKOK_MS).toISOString().slice(0, 10))} ${clock}`;
}
