import { expect, test } from "vitest";
import type { IncidentDetail, TimelineEntry } from "../api/types.ts";
import { at, incident } from "../testing/views.ts";
import { storyOf } from "./timeline.ts";

function entry(seq: number, kind: string, note_id: string | null = null): TimelineEntry {
  return { seq, at: at(seq), actor: "x", kind, words: { th: kind, en: kind }, unit_id: null, note_id };
}

function detail(changes: Partial<IncidentDetail>): IncidentDetail {
  return { incident: incident("a"), reports: [], timeline: [], notes: [], photos: [], ...changes };
}

test("newest first, and a note stands for the line that says it was written", () => {
  const story = storyOf(
    detail({
      timeline: [entry(1, "incident_opened"), entry(2, "note_added", "n"), entry(3, "incident_acknowledged")],
      notes: [{ id: "n", at: at(2), actor: "x", text: "hello" }],
    }),
  );
  expect(story.map((s) => s.key)).toEqual(["e3", "n", "e1"]);
});

test("a line about a note that this screen was not given is kept", () => {
  expect(storyOf(detail({ timeline: [entry(2, "note_added", "gone")] })).map((s) => s.key)).toEqual(["e2"]);
});
