import { beforeEach, describe, expect, test } from "vitest";
import { at, change } from "../testing/views.ts";
import { Hub, type HubNeeds, type Source } from "./hub.ts";
import type { ToTab } from "./messages.ts";

/** An EventSource in the hands of the test. */
class Wire implements Source {
  closed = false;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(readonly after: number) {}

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data: unknown = {}): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }
}

class Tab {
  heard: ToTab[] = [];
  postMessage(message: ToTab): void {
    this.heard.push(message);
  }
  changes(): number[] {
    return this.heard.flatMap((m) => (m.type === "change" ? m.frame.seq : []));
  }
  last(): ToTab | undefined {
    return this.heard.filter((m) => m.type !== "tick").at(-1);
  }
}

let now = 0;
let signedIn = true;
let wires: Wire[] = [];
let hub: Hub;
const wire = (): Wire => wires.at(-1) as Wire;
const needs: HubNeeds = {
  connect: (after) => {
    wires.push(new Wire(after));
    return wire();
  },
  now: () => now,
  random: () => 0.5,
  isSignedIn: () => Promise.resolve(signedIn),
};

function pass(seconds: number): void {
  for (let i = 0; i < seconds; i += 1) {
    now += 1000;
    hub.tick();
  }
}

beforeEach(() => {
  now = 0;
  signedIn = true;
  wires = [];
  hub = new Hub(needs);
});

describe("one connection per browser", () => {
  test("several tabs share one connection and get the same frames", () => {
    const [a, b] = [new Tab(), new Tab()];
    hub.hear(a, { type: "join", after: 10 });
    hub.hear(b, { type: "join", after: 10 });
    wire().say("change", change(11));
    expect(wires).toHaveLength(1);
    expect([a.changes(), b.changes()]).toEqual([[11], [11]]);
  });

  test("a tab that opens later is given what came since its snapshot, once", () => {
    const [a, late] = [new Tab(), new Tab()];
    hub.hear(a, { type: "join", after: 10 });
    for (const seq of [11, 12, 13]) wire().say("change", change(seq));
    hub.hear(late, { type: "join", after: 12 });
    wire().say("change", change(14));
    expect(late.changes()).toEqual([13, 14]);
  });

  test("a tab whose snapshot is older than what is kept is told to load anew", () => {
    const [a, old] = [new Tab(), new Tab()];
    hub.hear(a, { type: "join", after: 10 });
    hub.hear(old, { type: "join", after: 4 });
    expect(old.last()).toMatchObject({ type: "reload" });
  });

  test("the connection ends with the last tab", () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    hub.hear(a, { type: "leave" });
    expect(wire().closed).toBe(true);
    pass(20);
    expect(wires).toHaveLength(1);
  });
});

describe("a broken connection", () => {
  test("is resumed after the last event, without gap or repetition", () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    wire().say("change", change(11));
    wire().say("change", change(12));
    wire().say("error");
    expect(a.last()).toEqual({ type: "link", state: "broken" });
    pass(2);
    expect(wires).toHaveLength(2);
    expect(wire().after).toBe(12);
    wire().say("change", change(12));
    wire().say("change", change(13));
    expect(a.changes()).toEqual([11, 12, 13]);
    expect(a.heard.some((m) => m.type === "link" && m.state === "open")).toBe(true);
  });

  test("silence counts as broken, although the connection still stands", () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    wire().say("heartbeat", { seq: 10, at: at(0), notices: [] });
    pass(12);
    expect(a.last()).toMatchObject({ type: "heartbeat" });
    pass(1);
    expect(wires[0]?.closed).toBe(true);
    expect(a.last()).toEqual({ type: "link", state: "broken" });
  });

  test("a late word of a connection already given up is not believed", () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    const first = wire();
    first.say("error");
    first.say("change", change(11));
    expect(a.changes()).toEqual([]);
  });

  test("retries come more and more seldom, and at once when a person asks", () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    for (let i = 0; i < 8; i += 1) {
      wire().say("error");
      pass(9);
    }
    const tried = wires.length;
    wire().say("error");
    pass(4);
    expect(wires).toHaveLength(tried);
    hub.hear(a, { type: "retry" });
    expect(wires).toHaveLength(tried + 1);
  });

  test("a browser that was signed out stops trying and says so", async () => {
    const a = new Tab();
    hub.hear(a, { type: "join", after: 10 });
    signedIn = false;
    wire().say("error");
    await Promise.resolve();
    await Promise.resolve();
    expect(a.last()).toEqual({ type: "signed_out" });
    pass(20);
    expect(wires).toHaveLength(1);
  });
});

test("`reload` sends every tab back to the snapshot, and the next join starts from there", () => {
  const a = new Tab();
  hub.hear(a, { type: "join", after: 10 });
  wire().say("reload", { reason: "too_far_behind" });
  expect(a.last()).toEqual({ type: "reload", reason: "too_far_behind" });
  hub.hear(a, { type: "join", after: 500 });
  expect(wire().after).toBe(500);
});
