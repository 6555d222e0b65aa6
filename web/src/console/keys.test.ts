import { expect, test } from "vitest";
import { commandOf, type Pressed } from "./keys.ts";

function pressed(code: string, key: string, changes: Partial<Pressed> = {}): Pressed {
  return {
    code,
    key,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    shiftKey: false,
    isComposing: false,
    ...changes,
  };
}

test("a Thai layout works without switching: the place of the key counts", () => {
  expect(commandOf(pressed("KeyA", "ฟ"), false)).toBe("acknowledge");
  expect(commandOf(pressed("KeyD", "ก"), false)).toBe("dispatch");
  expect(commandOf(pressed("Digit1", "ๅ"), false)).toEqual({ digit: 1 });
  expect(commandOf(pressed("Slash", "ฦ", { shiftKey: true }), false)).toBe("help");
});

test("keys belong to the text while somebody is typing, except Esc", () => {
  expect(commandOf(pressed("KeyA", "a"), true)).toBeNull();
  expect(commandOf(pressed("Digit4", "4"), true)).toBeNull();
  expect(commandOf(pressed("Escape", "Escape"), true)).toBe("escape");
});

test("the browser's own shortcuts stay the browser's", () => {
  expect(commandOf(pressed("KeyC", "c", { ctrlKey: true }), false)).toBeNull();
  expect(commandOf(pressed("KeyF", "f", { metaKey: true }), false)).toBeNull();
  expect(commandOf(pressed("KeyA", "A", { shiftKey: true }), false)).toBeNull();
});
