/** Moves the keyboard's focus between the parts of the desk. */

import { flushSync } from "svelte";

function all(selector: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(selector)];
}

/** Focus the next (+1) or previous (−1) incident of the queue; the first when none is focused. */
export function moveInQueue(step: 1 | -1): void {
  const items = all("[data-queue-item]");
  const current = items.findIndex((item) => item === document.activeElement);
  const chosen = items.findIndex((item) => item.getAttribute("aria-current") === "true");
  const from = current >= 0 ? current : chosen;
  const next = from < 0 ? 0 : Math.min(items.length - 1, Math.max(0, from + step));
  items[next]?.focus();
}

/** Focus the first thing that matches. At once, so that fast hands type into it and not into the shortcuts. */
export function focusOn(selector: string): void {
  flushSync();
  all(selector)[0]?.focus();
}

/** True while keys belong to a text somebody is writing. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "file"].includes(target.type);
  return false;
}

/** True while arrow keys belong to the map or to a list that moves by itself. */
export function ownsArrows(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("[data-own-arrows], .maplibregl-canvas, [type=radio]") !== null
  );
}
