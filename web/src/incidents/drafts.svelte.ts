/** What somebody is typing, kept per incident and field: a live event, another choice or a reload never loses it. */

import { SvelteMap } from "svelte/reactivity";

const PREFIX = "safezone.draft.";

class Drafts {
  private readonly texts = new SvelteMap<string, string>();

  constructor() {
    for (let i = 0; i < sessionStorage.length; i += 1) {
      const key = sessionStorage.key(i);
      if (key?.startsWith(PREFIX))
        this.texts.set(key.slice(PREFIX.length), sessionStorage.getItem(key) ?? "");
    }
  }

  get(name: string): string {
    return this.texts.get(name) ?? "";
  }

  set(name: string, text: string): void {
    if (text === "") {
      this.texts.delete(name);
      sessionStorage.removeItem(PREFIX + name);
    } else {
      this.texts.set(name, text);
      sessionStorage.setItem(PREFIX + name, text);
    }
  }

  /** Forget everything: the next person at this screen must not read it. */
  clear(): void {
    for (const name of [...this.texts.keys()]) this.set(name, "");
  }
}

export const drafts = new Drafts();
