import { expect, test } from "vitest";
import { clockTime, dayTime, longDate, running, thisEra } from "./dates.ts";
import { en } from "./en.ts";
import { fill } from "./filling.ts";
import { th, type Key } from "./th.ts";

const places = (words: string): string[] => [...words.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort();

test("both languages have the same places to fill in", () => {
  const different = (Object.keys(th) as Key[]).filter(
    (key) => places(th[key]).join() !== places(en[key]).join(),
  );
  expect(different).toEqual([]);
});

test("one is said as one, none and many as many, also of a number with a comma", () => {
  const words = "{n} {n|session|sessions} of {people} {people|account|accounts}";
  expect(fill(words, { n: 1, people: 0 })).toBe("1 session of 0 accounts");
  expect(fill(words, { n: "1,001", people: "1" })).toBe("1,001 sessions of 1 account");
  expect(fill(words, { n: 2 })).toBe("2 sessions of {people} {people|account|accounts}");
});

test("no English word after a number is always many", () => {
  const never = new Set(["ground.corners", "ground.box.how.move"]); // an outline has many, and a code is no number
  const many = (Object.keys(en) as Key[]).filter((key) => /\{\w+\}\s+(new )?[a-z]{3,}s\b/i.test(en[key]));
  expect(many.filter((key) => !never.has(key))).toEqual([]);
});

test("the Thai words contain no English sentence, and the English ones no Thai except the language switch", () => {
  const mixed = (Object.keys(en) as Key[]).filter(
    (key) => key !== "app.language" && /[\u0e00-\u0e7f]/.test(en[key]),
  );
  expect(mixed).toEqual([]);
});

test("times are Bangkok times in the Buddhist era", () => {
  const ms = Date.parse("2026-12-31T17:30:05Z");
  expect(clockTime(ms)).toBe("00:30:05");
  expect(longDate(ms, "th")).toBe("ศ. 1 ม.ค. 2570");
  expect(longDate(ms, "en")).toBe("Fri 1 Jan 2570 BE");
  expect(dayTime(ms, ms + 3_600_000, "th")).toBe("00:30");
  expect(dayTime(ms, ms + 86_400_000, "en")).toBe("1 Jan 00:30");
});

test.each([
  [-3, "00:00"],
  [59.9, "00:59"],
  [192, "03:12"],
  [3792, "1:03:12"],
])("%d s runs as %s", (seconds, words) => {
  expect(running(seconds)).toBe(words);
});

test("a year typed in the Buddhist era is meant as one", () => {
  expect(thisEra("2571-03-31")).toBe("2028-03-31");
  expect(thisEra("2028-03-31")).toBe("2028-03-31");
  expect(thisEra("0257-03-31")).toBe("0257-03-31"); // still being typed
  expect(thisEra("")).toBe("");
});
