import { expect, test } from "vitest";
import { endedIn } from "./provider.ts";

test.each([
  ["#oidc=in", "in"],
  ["#oidc=no_account", "no_account"],
  ["#token=abc", null],
  ["#oidc=<script>", null],
  ["", null],
])("%j says %j", (hash, word) => {
  expect(endedIn(hash)).toBe(word);
});
