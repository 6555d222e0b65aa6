/** What a tab and the one connection of this browser say to each other. */
import type { ChangeFrame, HeartbeatFrame, PositionsFrame } from "../api/types.ts";

/** `broken` means: tried and failed, or silent for too long; a new attempt is already planned. */
export type LinkState = "connecting" | "open" | "broken";

export type FromTab =
  | { type: "join"; after: number } // the tab holds a snapshot of this seq and wants everything later
  | { type: "leave" }
  | { type: "retry" } // a person pressed "reconnect now"
  | { type: "stop" }; // signed out: nobody in this browser may listen any more

export type ToTab =
  | { type: "change"; frame: ChangeFrame }
  | { type: "positions"; frame: PositionsFrame }
  | { type: "heartbeat"; frame: HeartbeatFrame }
  | { type: "reload"; reason: string }
  | { type: "signed_out" }
  | { type: "link"; state: LinkState }
  | { type: "tick" }; // once a second, also when the browser slows a hidden tab's own timers down
