/** The SOS points and their secrets. */
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

interface List {
  items: Device[];
}

const of = (id: string): string => `/api/v1/devices/${encodeURIComponent(id)}`;

export const devices = {
  list: async () => (await read<List>("/api/v1/devices")).items,
  give: (id: string, overlap_h: number) => send<GivenSecret>(`${of(id)}/secret`, { overlap_h }),
  endOld: async (id: string) => (await send<List>(`${of(id)}/end-old`, {})).items,
  revoke: async (id: string, reason: string) => (await send<List>(`${of(id)}/revoke`, { reason })).items,
};
