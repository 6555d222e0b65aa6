/** The real surroundings of the hub: EventSource, the machine's steady clock and the session check. */
import type { HubNeeds } from "./hub.ts";

export const browserNeeds: HubNeeds = {
  connect: (after) => new EventSource(`/api/v1/live?after=${after}`, { withCredentials: true }),
  now: () => performance.now(),
  random: () => Math.random(),
  isSignedIn: async () => {
    try {
      return (await fetch("/api/v1/session", { credentials: "same-origin" })).status !== 401;
    } catch {
      return true; // unreachable is not the same as signed out
    }
  },
};
