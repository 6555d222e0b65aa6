/** What each key does on the desk. */
import { language } from "../i18n/i18n.svelte.ts";
import { OUTCOMES } from "../api/types.ts";
import { isUnacknowledged } from "../incidents/order.ts";
import type { Desk } from "./desk.svelte.ts";
import { focusOn, moveInQueue } from "./hands.ts";
import type { Command } from "./keys.ts";
import type { Sound } from "./sound.svelte.ts";

/** Keys that work while a window lies over the desk. */
const STILL_WORKS: ReadonlySet<Command> = new Set<Command>(["escape", "language", "mute", "help"]);

/** Carries out one command; false when it means nothing now, so that the browser may use the key. */
export function runCommand(command: Command, desk: Desk, sound: Sound, target: EventTarget | null): boolean {
  if (isCovered(desk) && !STILL_WORKS.has(command)) return false;
  if (typeof command === "object") return pressDigit(command.digit, desk);
  switch (command) {
    case "next":
    case "previous":
      moveInQueue(command === "next" ? 1 : -1);
      return true;
    case "language":
      language.toggle();
      return true;
    case "mute":
      sound.toggleMute();
      return true;
    case "phone":
      desk.show("phone");
      if (desk.panel === "phone") focusOn("[data-testid=phone-form] input");
      return true;
    case "help":
      desk.show("help");
      return true;
    case "handover":
      desk.show("handover");
      focusOn("[data-testid=handover-input]");
      return true;
    case "units":
      desk.boardOpen = true;
      desk.phoneTab = "units";
      focusOn("[data-unit-card]");
      return true;
    case "zone":
      desk.mapWish = { to: "zone" };
      return true;
    case "escape":
      return escape(desk, target);
    default:
      return onChosen(command, desk);
  }
}

/** A window lies over the desk: keys must not act on what is behind it. */
function isCovered(desk: Desk): boolean {
  return (
    desk.managedUnit !== null || desk.panel === "help" || desk.panel === "handover" || desk.panel === "assets"
  );
}

function onChosen(command: "acknowledge" | "dispatch" | "note" | "close" | "map", desk: Desk): boolean {
  const { chosen } = desk;
  if (!chosen) {
    // Nothing is chosen: show the one that waits; acknowledging it takes a second, deliberate press.
    const first = desk.unacknowledged[0];
    if (command === "acknowledge" && first) desk.choose(first.id);
    if (command === "map") desk.mapWish = { to: "zone" };
    return true;
  }
  if (desk.panel !== "none") return false;
  const work = desk.workOn(chosen.id);
  switch (command) {
    case "acknowledge":
      if (isUnacknowledged(chosen)) void work.acknowledge();
      return true;
    case "dispatch":
      if (chosen.state === "closed") return true;
      if (work.mode !== "dispatch") work.open("dispatch");
      focusOn("[data-testid=unit-choice] input, [data-testid=dispatch-button]");
      return true;
    case "note":
      focusOn("[data-testid=note-input]");
      return true;
    case "close":
      work.open(chosen.state === "closed" ? "reopen" : "close");
      focusOn("[data-testid=close-form] input, [data-testid=reopen-form] input");
      return true;
    case "map":
      if (chosen.place) desk.mapWish = { to: chosen.place };
      desk.phoneTab = "map";
      return true;
  }
}

function pressDigit(digit: number, desk: Desk): boolean {
  const { chosen } = desk;
  if (!chosen || desk.panel !== "none") return false;
  const work = desk.workOn(chosen.id);
  if (work.mode === "close") {
    const outcome = OUTCOMES[digit - 1];
    if (outcome) {
      work.outcome = outcome;
      focusOn(`[data-testid=outcome-${outcome}] input`);
    }
    return outcome !== undefined;
  }
  const unit = work.mode === "dispatch" ? work.choices[digit - 1] : undefined;
  if (!unit) return false;
  work.toggleUnit(unit.unit_id);
  focusOn(`[data-unit-id="${CSS.escape(unit.unit_id)}"] input`);
  return true;
}

/** Undo the innermost thing: typing, picking, a panel, a form, and last the choice itself. */
function escape(desk: Desk, target: EventTarget | null): boolean {
  const work = desk.chosenId ? desk.workOn(desk.chosenId) : null;
  if (desk.managedUnit) desk.managedUnit = null;
  else if (desk.picking?.purpose === "incident") desk.picking = null;
  else if (
    target instanceof HTMLElement &&
    target.matches("input, textarea, select") &&
    desk.panel === "none" &&
    work?.mode === "none"
  )
    target.blur();
  else if (desk.panel !== "none") desk.panel = "none";
  else if (work && work.mode !== "none") work.mode = "none";
  else if (work?.conflict) work.conflict = null;
  else desk.choose(null);
  return true;
}
