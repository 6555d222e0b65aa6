/** The language of this screen: Thai first, English one tap away, remembered on this computer. */
import type { Words } from "../api/types.ts";
import { en } from "./en.ts";
import { fill } from "./filling.ts";
import { th, type Key } from "./th.ts";

export type Lang = "th" | "en";

type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** Keys whose words have nothing to fill in: the ones that may be handed around as data. */
export type PlainKey = { [K in Key]: [Placeholders<(typeof th)[K]>] extends [never] ? K : never }[Key];

type Args<K extends Key> = [Placeholders<(typeof th)[K]>] extends [never]
  ? []
  : [values: Record<Placeholders<(typeof th)[K]>, string | number>];

const STORED_AS = "safezone.lang";
const dictionaries: Record<Lang, Record<Key, string>> = { th, en };

class Language {
  current = $state<Lang>("th");

  /** Take up the language chosen on this computer before; where none was, the one that the station has set. */
  restore(): void {
    const chosen = localStorage.getItem(STORED_AS) ?? /safezone_lang=(\w+)/.exec(document.cookie)?.[1];
    this.#show(chosen === "en" ? "en" : "th");
  }

  use(lang: Lang): void {
    this.#show(lang);
    localStorage.setItem(STORED_AS, lang);
  }

  #show(lang: Lang): void {
    this.current = lang;
    document.documentElement.lang = lang;
  }

  toggle(): void {
    this.use(this.current === "th" ? "en" : "th");
  }
}

export const language = new Language();

/** The words for `key` in the language of the screen, with `{name}` places filled in. */
export function t<K extends Key>(key: K, ...args: Args<K>): string {
  const words = dictionaries[language.current][key];
  const values = args[0] as Record<string, string | number> | undefined;
  return values ? fill(words, values) : words;
}

/** The words of a key that is put together from data (`kind.` + kind); the data itself when unknown. */
export function tOr(key: string, fallback: string): string {
  return key in th ? dictionaries[language.current][key as Key] : fallback;
}

/** Something to be said in the language of the screen at the moment it is drawn, such as a refusal that stays there. */
export type Said = () => string;

/** Words that came from the server, in the language of the screen. */
export function say(words: Words | null | undefined): string {
  if (!words) return "";
  return words[language.current] || words.th || words.en;
}
