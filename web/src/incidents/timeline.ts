/** The story of an incident in one list: events, the notes people wrote and the photos they attached. */
import type { IncidentDetail, NoteView, PhotoView, TimelineEntry } from "../api/types.ts";

export type Story =
  | { type: "event"; key: string; at: string; entry: TimelineEntry }
  | { type: "note"; key: string; at: string; note: NoteView }
  | { type: "photo"; key: string; at: string; photo: PhotoView };

/** Newest first. The line that only says "wrote a note" or "added a photo" gives way to the thing itself. */
export function storyOf(detail: IncidentDetail): Story[] {
  const shown = new Set(detail.notes.map((note) => note.id));
  const events = detail.timeline
    .filter((entry) => entry.note_id === null || !shown.has(entry.note_id))
    .filter((entry) => entry.kind !== "photo_added" || detail.photos.length === 0)
    .map((entry): Story => ({ type: "event", key: `e${entry.seq}`, at: entry.at, entry }));
  const notes = detail.notes.map((note): Story => ({ type: "note", key: note.id, at: note.at, note }));
  const photos = detail.photos.map((photo): Story => ({ type: "photo", key: photo.id, at: photo.at, photo }));
  return [...events, ...notes, ...photos]
    .map((story, place) => ({ story, place }))
    .sort((a, b) => Date.parse(b.story.at) - Date.parse(a.story.at) || b.place - a.place)
    .map(({ story }) => story);
}
