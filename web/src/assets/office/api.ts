/** The equipment as the office asks for it, field for field as in /schema. */
import { ApiError, read, request, send } from "../../api/client.ts";
import type { AssetView, IsoTime, Lifecycle, Place, Problem, Readiness, Words } from "../../api/types.ts";
import { takeOut, type Purpose, type Taken } from "../../taking_out/api.ts";

export interface Kind {
  id: string;
  name: Words;
  at_site: boolean;
  moves: boolean;
  battery: boolean;
  evidence: ("heartbeat" | "check" | "test_press")[];
  check_every_days: number;
}

export interface Wanted {
  q: string;
  kind: string;
  lifecycle: string;
  readiness: string;
  owner: string;
  promise: string;
}

export interface Page {
  items: AssetView[];
  total: number;
  offset: number;
}

export interface Marks {
  kinds: string[];
  states: (Readiness | "PLANNED")[];
  id: string[];
  lon: number[];
  lat: number[];
  kind: number[];
  state: number[];
  /** More than one: a circle of so many, `down` and `watch` of them, without an id. */
  count: number[];
  down: number[];
  watch: number[];
  total: number;
  unplaced: number;
}

/** What of the map is to be drawn; without `bbox` all of it. */
export interface Section {
  zoom: number;
  bbox?: string;
}

export interface Tally {
  by_kind: Record<string, number>;
  by_lifecycle: Record<string, number>;
  by_readiness: Partial<Record<Readiness, number>>;
  promises_overdue: number;
}

export interface Owner {
  id: string;
  name: Words;
  sector: string;
  contact: string | null;
}

export interface Mou {
  id: string;
  owner_id: string;
  number: string;
  from_day: string;
  until_day: string;
  scope: Words;
  overdue: boolean;
  /** What its paper is called, when it has one. */
  paper: string | null;
}

export type OrderState = "open" | "assigned" | "started" | "done" | "accepted" | "cancelled";

export interface Order {
  id: string;
  number: number;
  asset_id: string;
  code: string;
  name: Words;
  severity: "down" | "watch";
  state: OrderState;
  text: string | null;
  note: string | null;
  opened_at: IsoTime;
  opened_by: string;
  due_on: string | null;
  overdue: boolean;
  fixer: string | null;
  fixed_by: string | null;
  changed_at: IsoTime;
  changed_by: string;
}

export interface Loan {
  id: string;
  asset_id: string;
  code: string;
  name: Words;
  borrower: string | null;
  lent_at: IsoTime;
  lent_by: string;
  until_day: string;
  overdue: boolean;
  condition: string | null;
  returned_at: IsoTime | null;
  returned_ok: boolean | null;
  return_condition: string | null;
}

export interface PoleTest {
  id: string;
  asset_id: string;
  started_at: IsoTime;
  started_by: string;
  until_at: IsoTime;
  incident_id: string | null;
  pressed_at: IsoTime | null;
  seen_at: IsoTime | null;
  lamp_at: IsoTime | null;
  lamp_lit: boolean | null;
  outcome: string | null;
  ended_at: IsoTime | null;
  result: "passed" | "failed" | "real" | "stopped" | null;
  why: Words | null;
}

export interface Facts {
  model?: string;
  legal_basis?: string;
  mou_id?: string;
  cost_satang?: number;
  budget_line?: string;
  fiscal_year?: number;
  warranty_until?: string;
  owner_id?: string;
}

export interface Detail {
  asset: AssetView;
  kind: Kind;
  facts: Facts;
  next_steps: Lifecycle[];
  battery_pct: number | null;
  checked_at: IsoTime | null;
  check_ok: boolean | null;
  tested_at: IsoTime | null;
  mou: Mou | null;
  orders: Order[];
  loans: Loan[];
  tests: PoleTest[];
  files: {
    id: string;
    name: string | null;
    media_type: string;
    size: number;
    added_at: IsoTime;
    added_by: string;
  }[];
  places: { at: IsoTime; place: Place; by: string }[];
  history: { seq: number; at: IsoTime; actor: string; words: Words; text: string | null }[];
}

export interface Finding {
  file: string;
  code: string;
  words: Words;
  row: number | null;
  column: string | null;
  cell: string | null;
}

export interface Report {
  file: string;
  rows: number;
  new: number;
  changed: number;
  unchanged: number;
  problems: Finding[];
  problem_count: number;
  questions: Finding[];
  question_count: number;
  notices: Finding[];
  stored: boolean;
  seconds: number;
}

export interface Progress {
  stage: "reading" | "checking" | "writing" | "done" | "refused";
  done?: number;
  of?: number;
  report?: Report;
  words?: Words;
}

export const NO_WISH: Wanted = { q: "", kind: "", lifecycle: "", readiness: "", owner: "", promise: "" };

/** What is wanted, as a query; empty wishes are left out. */
export function queryOf(wanted: Wanted, more: Record<string, string | number> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...wanted, ...more }))
    if (value !== "") query.set(name, String(value));
  return query.toString();
}

const one = (id: string): string => `/api/v1/assets/${encodeURIComponent(id)}`;
const ESTATE = "/api/v1/estate";

export const estate = {
  takeOut: (wanted: Wanted, purpose: Purpose, format: string): Promise<Taken> => {
    const chosen = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ""));
    return takeOut(`${ESTATE}/export`, { ...chosen, purpose, format }, `assets.${format}`);
  },
  kinds: async () => (await read<{ items: Kind[] }>(`${ESTATE}/kinds`)).items,
  tally: () => read<Tally>(`${ESTATE}/tally`),
  page: (wanted: Wanted, offset: number, limit: number) =>
    read<Page>(`/api/v1/assets?${queryOf(wanted, { offset, limit })}`),
  marks: (wanted: Wanted, section: Section) =>
    read<Marks>(`${ESTATE}/map?${queryOf(wanted, { ...section })}`),
  owners: async () => (await read<{ items: Owner[] }>(`${ESTATE}/owners`)).items,
  mous: async () => (await read<{ items: Mou[] }>(`${ESTATE}/mous`)).items,
  orders: async () => (await read<{ items: Order[] }>(`${ESTATE}/work-orders`)).items,
  loans: async () => (await read<{ items: Loan[] }>(`${ESTATE}/loans`)).items,
  detail: (id: string) => read<Detail>(`${one(id)}/detail`),
  add: (body: unknown) => send<AssetView>("/api/v1/assets", body),
  act: (id: string, action: string, body?: unknown) => send<Detail>(`${one(id)}/${action}`, body ?? {}),
  change: (id: string, action: "facts" | "lifecycle" | "place", body: unknown) =>
    send<AssetView>(`${one(id)}/${action}`, body),
  step: (orderId: string, body: unknown) => send<unknown>(`${ESTATE}/work-orders/${orderId}/step`, body),
  lamp: (testId: string, lit: boolean) => send<Detail>(`${ESTATE}/tests/${testId}/lamp`, { lit }),
  stopTest: (testId: string) => send<Detail>(`${ESTATE}/tests/${testId}/stop`, {}),
  nameOwner: (id: string, body: unknown) => send<unknown>(`${ESTATE}/owners/${encodeURIComponent(id)}`, body),
  addPaper: (id: string, file: File) =>
    request(
      "POST",
      `${ESTATE}/mous/${id}/paper?${new URLSearchParams({ name: file.name.slice(-120) }).toString()}`,
      file,
    ),
  paperUrl: (id: string) => `${ESTATE}/mous/${id}/paper`,
  recordMou: (body: unknown) => send<unknown>(`${ESTATE}/mous`, body),
  addFile: (id: string, file: File) =>
    request(
      "POST",
      `${one(id)}/files?${new URLSearchParams({ name: file.name.slice(-120) }).toString()}`,
      file,
    ),
  fileUrl: (id: string, fileId: string) => `${one(id)}/files/${fileId}`,
};

/** Sends a list and tells `progress` of each line of the answer; `signal` hangs up, and then nothing was stored. */
export async function importList(
  file: File,
  query: Record<string, string>,
  signal: AbortSignal,
  progress: (line: Progress) => void,
): Promise<void> {
  const url = `${ESTATE}/import?${new URLSearchParams({ name: file.name.slice(-120), ...query }).toString()}`;
  const headers = { "X-Safezone": "1", "Content-Type": "application/octet-stream" };
  let answer: Response;
  try {
    answer = await fetch(url, { method: "POST", credentials: "same-origin", headers, body: file, signal });
  } catch {
    if (signal.aborted) return;
    throw new ApiError(0, null);
  }
  if (!answer.ok || !answer.body)
    throw new ApiError(answer.status, (await answer.json().catch(() => null)) as Problem | null);
  let rest = "";
  const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await lines.read(); !part.done; part = await lines.read()) {
    const pieces = (rest + part.value).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) progress(JSON.parse(piece) as Progress);
  }
}
