/** What is kept how long, what is held, and what was erased, as the server tells about it. */
import { read } from "../api/client.ts";
import type { IsoTime, Words } from "../api/types.ts";

export interface Hold {
  incident_id: string;
  number: string;
  placed_at: IsoTime;
  placed_by: string;
  /** For the command centre alone. */
  reason: string | null;
}

export interface Erasure {
  id: string;
  /** The line of the log. */
  seq: number;
  at: IsoTime;
  data_class: string;
  name: Words;
  days: number;
  before: IsoTime;
  subjects: number;
  records: number;
  /** Where its certificate can be read. */
  certificate: string;
}

export interface Retention {
  rules: Record<string, number>;
  names: Record<string, Words>;
  holds: Hold[];
  erasures: Erasure[];
}

export const retentionApi = { show: () => read<Retention>("/api/v1/admin/retention") };
