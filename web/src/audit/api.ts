/** The timeline, the export and the chain, as the server tells about them. */
import { read, send } from "../api/client.ts";
import type { IsoTime, Words } from "../api/types.ts";
import { takeOut, type Purpose, type Taken } from "../taking_out/api.ts";

export type Only = "" | "done" | "looks" | "refusals" | "exports";

export interface AuditItem {
  id: string;
  seq: number | null;
  at: IsoTime;
  actor: string;
  kind: string;
  words: Words;
  subject: string;
  about: string;
  purpose: string;
  case: string;
  address: string;
  path: string;
  status: number | null;
}

export interface Filter {
  actor: string;
  kind: string;
  subject: string;
  since: string;
  until: string;
  only: Only;
}

export interface Choices {
  actors: string[];
  kinds: { kind: string; words: Words; is_look: boolean }[];
  purposes: Record<string, Words>;
}

export interface LogLine {
  seq: number;
  id: string;
  at: IsoTime;
  data: Record<string, unknown>;
  prev_hash: string;
  hash: string;
  purpose_text: string | null;
}

export interface Kept {
  name: string;
  said: { seq: number; hash: string; at: IsoTime } | null;
  result: "agrees" | "rewritten" | "shorter" | null;
}

export interface ChainCheck {
  started_at: IsoTime;
  by: string;
  checked: number;
  total: number;
  ended_at: IsoTime | null;
  seconds: number;
  broken: string | null;
  gone: boolean;
}

export interface ChainView {
  seq: number;
  hash: string;
  check: ChainCheck | null;
  checkpoints: Kept[];
  count: number;
  wrong: number;
  public_key: string;
  elsewhere: boolean;
}

const AT = "/api/v1/audit";
const chosen = (filter: Filter): [string, string][] => Object.entries(filter).filter(([, value]) => value);

export const auditApi = {
  page: (filter: Filter, after: string | null) =>
    read<{ items: AuditItem[]; next: string | null }>(
      `${AT}?${new URLSearchParams([...chosen(filter), ...(after ? [["after", after]] : [])] as [string, string][])}`,
    ),
  choices: () => read<Choices>(`${AT}/choices`),
  line: (seq: number) => read<LogLine>(`${AT}/lines/${seq}`),
  chain: () => read<ChainView>(`${AT}/chain`),
  check: () => send<ChainCheck>(`${AT}/chain/check`, {}),
  sign: () => send<ChainView>(`${AT}/checkpoints`, {}),
  checkpoint: (name: string) => `${AT}/checkpoints/${encodeURIComponent(name)}`,

  export: (filter: Filter, purpose: Purpose, format: string): Promise<Taken> => {
    const { only, ...rest } = filter;
    const wanted = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
    return takeOut(`${AT}/export`, { purpose, format, only, filter: wanted }, `audit.${format}`);
  },
};
