/** The secrets of devices: of SOS points, and of the trackers of units. */
import { read, send } from "../api/client.ts";
import type { IsoTime, Words } from "../api/types.ts";

export interface DeviceSecret {
  credential_id: string;
  username: string;
  state: "good" | "waiting" | "ending";
  issued_at: IsoTime;
  good_until: IsoTime | null;
}

export interface Device {
  point_id: string;
  name: Words | null;
  last_heard_at: IsoTime | null;
  secrets: DeviceSecret[];
}

export interface GivenSecret {
  point_id: string;
  name: Words | null;
  station: string;
  username: string;
  secret: string;
  topic: string;
  mqtt_port: number;
  mqtt_tls: boolean;
  old_good_until: IsoTime | null;
}

export interface Tracker {
  unit_id: string;
  call_sign: string;
  secrets: DeviceSecret[];
}

export interface GivenTracker {
  unit_id: string;
  call_sign: string;
  path: string;
  identifier: string;
  old_good_until: IsoTime | null;
}

interface List<Item> {
  items: Item[];
}

/** What can be done with the devices of one kind. */
function keeper<Item, Given>(path: string) {
  const of = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  return {
    list: async () => (await read<List<Item>>(path)).items,
    /** The secret of before stays good for three days, if the device does not come with the new one earlier. */
    give: (id: string) => send<Given>(`${of(id)}/secret`, { overlap_h: 72 }),
    endOld: async (id: string) => (await send<List<Item>>(`${of(id)}/end-old`, {})).items,
    revoke: async (id: string, reason: string) =>
      (await send<List<Item>>(`${of(id)}/revoke`, { reason })).items,
  };
}

export const poles = keeper<Device, GivenSecret>("/api/v1/devices");
export const trackers = keeper<Tracker, GivenTracker>("/api/v1/trackers");
