/** The rooms of the office: what can be set up and looked into, and for whom. One line per room. */
import type { Component } from "svelte";
import type { Role } from "../api/types.ts";
import type { PlainKey } from "../i18n/i18n.svelte.ts";
import type { Path } from "../router.svelte.ts";
import type { IconName } from "../ui/icons.ts";

export interface Room {
  path: Path;
  title: PlainKey;
  icon: IconName;
  roles: readonly Role[];
  /** Fetched when the room is entered: the console must not carry the office with it. */
  load: () => Promise<{ default: Component }>;
}

const ccoc = ["operator", "supervisor", "admin"] as const;

const everybody = [...ccoc, "auditor", "chief", "commander", "technician", "cctv_owner", "partner"] as const;

/** In the order in which the menu shows them. */
export const rooms: readonly Room[] = [
  {
    path: "/office/overview",
    title: "overview.title",
    icon: "list",
    roles: ["chief", "commander", "supervisor", "admin", "auditor"],
    load: () => import("../overview/Overview.svelte"),
  },
  {
    path: "/office/setup",
    title: "setup.title",
    icon: "acknowledged",
    roles: ["admin", "supervisor", "chief"],
    load: () => import("../setup/Setup.svelte"),
  },
  {
    path: "/office/zone",
    title: "ground.title",
    icon: "zone",
    roles: [
      "admin",
      "supervisor",
      "chief",
      "operator",
      "auditor",
      "commander",
      "technician",
      "cctv_owner",
      "partner",
    ],
    load: () => import("../zone/editor/Zone.svelte"),
  },
  {
    path: "/office/assets",
    title: "estate.title",
    icon: "equipment",
    roles: [...ccoc, "chief", "commander", "technician", "auditor", "cctv_owner"],
    load: () => import("../assets/office/Estate.svelte"),
  },
  {
    path: "/office/devices",
    title: "devices.title",
    icon: "sos_point",
    roles: ["admin", "technician"],
    load: () => import("../devices/Devices.svelte"),
  },
  {
    path: "/office/people",
    title: "people.title",
    icon: "people",
    roles: ["admin", "auditor"],
    load: () => import("../people/People.svelte"),
  },
  {
    path: "/office/sessions",
    title: "sessions.title",
    icon: "link",
    roles: ["admin"],
    load: () => import("../people/Sessions.svelte"),
  },
  {
    path: "/office/audit",
    title: "audit.title",
    icon: "audit",
    roles: ["auditor", "admin", "chief"],
    load: () => import("../audit/Audit.svelte"),
  },
  {
    path: "/office/retention",
    title: "retention.title",
    icon: "clock",
    roles: ["auditor", "admin", "chief", "supervisor", "commander"],
    load: () => import("../retention/Retention.svelte"),
  },
  {
    path: "/office/settings",
    title: "settings.title",
    icon: "settings",
    roles: ["admin", "supervisor", "chief", "auditor"],
    load: () => import("../settings/Settings.svelte"),
  },
  {
    path: "/office/account",
    title: "account.title",
    icon: "lock",
    roles: everybody,
    load: () => import("../people/Account.svelte"),
  },
];

/** The rooms that this role may enter. The server decides again about everything in them. */
export function roomsOf(role: Role): Room[] {
  return rooms.filter((room) => room.roles.includes(role));
}

/** Where somebody with this role begins after signing in. */
export function homeOf(role: Role): Path {
  return (ccoc as readonly Role[]).includes(role) ? "/console" : "/office";
}
