import { expect, test } from "vitest";
import { tokenFrom } from "./token.ts";

test.each([
  ["http://127.0.0.1:8700/enter#token=abc-DEF_1", "abc-DEF_1"],
  ["#token=abc", "abc"],
  ["  abc  ", "abc"],
  ["token=a%2Bb", "a+b"],
  ["", null],
  ["http://127.0.0.1:8700/enter", null],
  ["two words", null],
])("%j gives %j", (pasted, token) => {
  expect(tokenFrom(pasted)).toBe(token);
});
