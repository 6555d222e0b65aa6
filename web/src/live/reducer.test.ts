import { describe, expect, test } from "vitest";
import { at, change, fix, incident, snapshot, unit } from "../testing/views.ts";
import { applyChange, applyIncident, applyPositions, fromSnapshot } from "./reducer.ts";

describe("old snapshot + frames = new snapshot", () => {
  const before = snapshot({ seq: 5, incidents: [incident("a", { last_seq: 4 })], units: [unit("car-1")] });
  const acknowledged = incident("a", { state: "acknowledged", version: 2, last_seq: 6 });
  const opened = incident("b", { last_seq: 7 });
  const frames = [
    change(6, { incidents: [acknowledged] }),
    change(7, { incidents: [opened] }),
    change(8, {
      units: [unit("car-1", { state: "assigned", updated_seq: 8 })],
      handover: { id: "h", at: at(8), actor: "x", text: "t" },
    }),
  ];
  const after = snapshot({
    seq: 8,
    at: at(8),
    incidents: [acknowledged, opened],
    units: [unit("car-1", { state: "assigned", updated_seq: 8 })],
    handover: { id: "h", at: at(8), actor: "x", text: "t" },
  });

  test("in order", () => {
    expect(frames.reduce(applyChange, fromSnapshot(before))).toEqual(fromSnapshot(after));
  });

  test("a frame that comes twice, or is older than the snapshot, changes nothing", () => {
    const twice = [frames[0], frames[0], frames[1], frames[0], frames[2], frames[2], frames[0]].flatMap(
      (f) => f ?? [],
    );
    expect(twice.reduce(applyChange, fromSnapshot(before))).toEqual(fromSnapshot(after));
    expect(frames.reduce(applyChange, fromSnapshot(after))).toEqual(fromSnapshot(after));
  });

  test("the answer to an own action may overtake its frame, and the frame then finds nothing to do", () => {
    const early = applyIncident(fromSnapshot(before), acknowledged);
    expect(early.incidents.get("a")).toBe(acknowledged);
    const late = applyChange(early, change(6, { incidents: [incident("a", { last_seq: 4 })] }));
    expect(late.incidents.get("a")).toBe(acknowledged);
  });

  test("a setting that is changed is what the screen draws by, and clocks that run have the new limit", () => {
    const state = fromSnapshot(before);
    const settings = { ...state.settings, acknowledge_limit_s: 77 };
    const next = applyChange(state, change(6, { settings }));
    expect(next.settings.acknowledge_limit_s).toBe(77);
    expect(next.incidents.get("a")?.clock?.limit_s).toBe(77);
    expect(state.incidents.get("a")?.clock?.limit_s).not.toBe(77);
  });

  test("equipment that is gone from sight is gone here, and what is not known here is no reason to stumble", () => {
    const lamp = {
      id: "lamp-1",
      kind: "light_pole",
      code: "LAMP-1",
      name: { th: "เสาไฟ", en: "Lamp" },
      place: { lon: 104.73, lat: 16.54 },
      lifecycle: "in_service",
      readiness: "READY",
      readiness_since_at: at(5),
    } as const;
    const shown = applyChange(fromSnapshot(before), change(6, { assets: [lamp] }));
    expect([...shown.assets.keys()]).toEqual(["lamp-1"]);
    const next = applyChange(shown, change(7, { gone: ["lamp-1", "cam-9"] }));
    expect([...next.assets.keys()]).toEqual([]);
    expect(applyChange(next, change(8, { gone: ["cam-9"] })).assets).toBe(next.assets);
  });

  test("nothing is changed in place, and what did not change stays the same object", () => {
    const state = fromSnapshot(before);
    const next = applyChange(state, change(6, { incidents: [acknowledged] }));
    expect(state.incidents.get("a")?.state).toBe("reported");
    expect(next.units).toBe(state.units);
    expect(applyChange(state, change(6, {})).incidents).toBe(state.incidents);
  });
});

describe("positions", () => {
  const state = fromSnapshot(
    snapshot({
      units: [unit("car-1", { fix: fix(10) }), unit("off", { on_duty: false, state: "off_duty" })],
    }),
  );

  test("the newest fix is drawn", () => {
    const next = applyPositions(state, { at: at(12), units: [{ id: "car-1", fix: fix(11) }] });
    expect(next.units.get("car-1")?.fix).toEqual(fix(11));
  });

  test("a late fix is never drawn as the newest", () => {
    const next = applyPositions(state, { at: at(12), units: [{ id: "car-1", fix: fix(9) }] });
    expect(next.units).toBe(state.units);
  });

  test("nobody off duty has a position", () => {
    const next = applyPositions(state, { at: at(12), units: [{ id: "off", fix: fix(11) }] });
    expect(next.units.get("off")?.fix).toBeNull();
    const signedOff = applyChange(
      state,
      change(2, { units: [unit("car-1", { on_duty: false, fix: fix(12), updated_seq: 2 })] }),
    );
    expect(signedOff.units.get("car-1")?.fix).toBeNull();
  });

  test("a view built before the last position does not take the unit back", () => {
    const moved = applyPositions(state, { at: at(12), units: [{ id: "car-1", fix: fix(12) }] });
    const next = applyChange(
      moved,
      change(2, { units: [unit("car-1", { state: "assigned", fix: fix(10), updated_seq: 2 })] }),
    );
    expect(next.units.get("car-1")).toMatchObject({ state: "assigned", fix: fix(12) });
  });

  test("a new duty starts without the position of the last one", () => {
    const next = applyChange(
      state,
      change(2, { units: [unit("car-1", { duty_since_at: at(20), fix: null, updated_seq: 2 })] }),
    );
    expect(next.units.get("car-1")?.fix).toBeNull();
  });
});
