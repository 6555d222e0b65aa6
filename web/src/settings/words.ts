/** Values as a person reads them: `15 วินาที`, roles by their names. */
import { t, tOr } from "../i18n/i18n.svelte.ts";
import type { Value } from "./api.ts";

/** The unit in which a setting is counted, as its name ends: seconds, metres, days; nothing for a mere number. */
export function unitOf(key: string): string {
  if (key.endsWith("_s")) return t("settings.unit.s");
  if (key.endsWith("_m")) return t("settings.unit.m");
  return key.endsWith("_days") ? t("settings.unit.days") : "";
}

/** One word that may be chosen: a language or a role. */
export function choiceWord(choice: string): string {
  return tOr(`settings.value.${choice}`, tOr(`role.${choice}`, choice));
}

export function valueWords(key: string, value: Value): string {
  if (Array.isArray(value)) return value.map(choiceWord).join(", ") || t("settings.nobody");
  if (typeof value === "string") return value ? choiceWord(value) : t("settings.empty");
  return `${value.toLocaleString("en-US")} ${unitOf(key)}`.trim();
}

/** `role:name` as `name (role)`. */
export function actorWords(actor: string): string {
  const [role = "", ...name] = actor.split(":");
  return `${nameWords(name.join(":"))} (${tOr(`role.${role}`, role)})`;
}

/** A name, or that its account was erased and the end of the account's id: `#0199…` stands in the place of such a name. */
export function nameWords(name: string): string {
  const [before = "", id] = name.split("#");
  return id === undefined ? name : `${before}${t("account.erased", { id: id.slice(-12) })}`;
}
