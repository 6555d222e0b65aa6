/** Which of the things that are wrong with the system is told first, and which of them another one tells already. */
import type { Notice, Trouble } from "../api/types.ts";

const WORST_FIRST: readonly Trouble[] = ["record", "doors"];

/** Parts that are not well because of the trouble, which says in an operator's words what they say in a technician's. */
const TOLD_BY: Record<Trouble, readonly string[]> = {
  record: ["record", "lane"],
  doors: ["mqtt_door", "broker", "broker_users", "probe", "fanout", "process_doors"],
};

export function troublesInOrder(troubles: readonly Trouble[]): Trouble[] {
  return WORST_FIRST.filter((each) => troubles.includes(each));
}

/** What is left to say beside the troubles: what is down first, and of those the one that has been so for longest. */
export function inOrder(notices: readonly Notice[], troubles: readonly Trouble[]): Notice[] {
  const told = new Set(troubles.flatMap((each) => TOLD_BY[each]));
  return notices.filter((notice) => !told.has(notice.part)).sort(byUrgency);
}

function byUrgency(one: Notice, other: Notice): number {
  if (one.state !== other.state) return one.state === "down" ? -1 : 1;
  return Date.parse(one.since_at) - Date.parse(other.since_at);
}
