/** Which key means what. Keys are read by their place on the keyboard, so a Thai layout works without switching. */

export type Command =
  | "next"
  | "previous"
  | "acknowledge"
  | "dispatch"
  | "note"
  | "close"
  | "phone"
  | "units"
  | "map"
  | "zone"
  | "language"
  | "mute"
  | "handover"
  | "help"
  | "escape"
  | { digit: number };

const BY_CODE: Readonly<Record<string, Command>> = {
  KeyJ: "next",
  ArrowDown: "next",
  KeyK: "previous",
  ArrowUp: "previous",
  KeyA: "acknowledge",
  KeyD: "dispatch",
  KeyN: "note",
  KeyC: "close",
  KeyF: "phone",
  KeyU: "units",
  KeyM: "map",
  KeyZ: "zone",
  KeyL: "language",
  KeyS: "mute",
  KeyH: "handover",
};

export interface Pressed {
  code: string;
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  isComposing: boolean;
}

/** What the person wants; null when the key means nothing here, or belongs to the field being typed in. */
export function commandOf(pressed: Pressed, typing: boolean): Command | null {
  if (pressed.isComposing || pressed.ctrlKey || pressed.altKey || pressed.metaKey) return null;
  if (pressed.code === "Escape") return "escape";
  if (typing) return null;
  if (pressed.key === "?" || (pressed.code === "Slash" && pressed.shiftKey)) return "help";
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(pressed.code);
  if (digit?.[1]) return { digit: Number(digit[1]) };
  if (pressed.shiftKey) return null;
  return BY_CODE[pressed.code] ?? null;
}
