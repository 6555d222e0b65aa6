/** Talks to the station's own server and turns every refusal into something a person can read. */
import type {
  AssetView,
  ConsoleSnapshot,
  HandoverView,
  IncidentDetail,
  IncidentView,
  NewReport,
  Place,
  Problem,
  Recommendation,
  ReportReceipt,
  SessionView,
  UnitView,
  Words,
  ZoneCollection,
} from "./types.ts";

/** The server answered with a refusal (problem details), or could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }

  /** What the server says in both languages, if it said anything. */
  get words(): Words | null {
    const words = this.problem?.words;
    return words && (words.th || words.en) ? words : null;
  }
}

export async function request(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init: RequestInit = { method, credentials: "same-origin", headers: { ...headers } };
  if (method !== "GET") init.headers = { ...headers, "X-Safezone": "1" };
  if (body instanceof Blob) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new ApiError(0, null);
  }
  if (answer.ok) return answer;
  const problem: unknown = await answer.json().catch(() => null);
  throw new ApiError(answer.status, isProblem(problem) ? problem : null);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "status" in value;
}

export async function read<T>(path: string): Promise<T> {
  return (await (await request("GET", path)).json()) as T;
}

export async function send<T>(path: string, body: unknown, headers?: Record<string, string>): Promise<T> {
  return (await (await request("POST", path, body, headers)).json()) as T;
}

const incident = (id: string): string => `/api/v1/incidents/${encodeURIComponent(id)}`;
const unit = (id: string): string => `/api/v1/units/${encodeURIComponent(id)}`;

export const api = {
  signIn: (token: string) => send<SessionView>("/api/v1/session", { token }),
  signOut: async () => void (await request("DELETE", "/api/v1/session")),
  session: () => read<SessionView>("/api/v1/session"),
  console: () => read<ConsoleSnapshot>("/api/v1/console"),
  zone: () => read<ZoneCollection>("/api/v1/zone"),
  asset: (id: string) => read<AssetView>(`/api/v1/assets/${encodeURIComponent(id)}`),

  incident: (id: string) => read<IncidentDetail>(incident(id)),
  recommendation: (id: string) => read<Recommendation>(`${incident(id)}/recommendation`),
  acknowledge: (id: string, expected_version: number) =>
    send<IncidentView>(`${incident(id)}/acknowledge`, { expected_version }),
  dispatch: (
    id: string,
    body: { expected_version: number; unit_ids: string[]; second_assignment_reason?: string },
  ) => send<IncidentView>(`${incident(id)}/dispatch`, body),
  assignment: (id: string, unitId: string, body: { state: string; reason?: string }) =>
    send<IncidentView>(`${incident(id)}/assignments/${encodeURIComponent(unitId)}`, body),
  priority: (id: string, body: { expected_version: number; priority: number; reason: string }) =>
    send<IncidentView>(`${incident(id)}/priority`, body),
  place: (id: string, body: { expected_version: number; place: Place }) =>
    send<IncidentView>(`${incident(id)}/place`, body),
  note: (id: string, text: string) => send<IncidentView>(`${incident(id)}/notes`, { text }),
  photo: async (id: string, photo: File): Promise<null> => {
    await request("POST", `${incident(id)}/photos`, photo, { "Content-Type": photo.type });
    return null;
  },
  merge: (id: string, body: { expected_version: number; into: string }) =>
    send<IncidentView>(`${incident(id)}/merge`, body),
  close: (id: string, body: { expected_version: number; outcome: string; note?: string }) =>
    send<IncidentView>(`${incident(id)}/close`, body),
  reopen: (id: string, body: { expected_version: number; reason: string }) =>
    send<IncidentView>(`${incident(id)}/reopen`, body),

  report: (body: NewReport, idempotencyKey: string) =>
    send<ReportReceipt>("/api/v1/reports", body, { "Idempotency-Key": idempotencyKey }),
  duty: (id: string, body: { on: boolean; reason?: string }) => send<UnitView>(`${unit(id)}/duty`, body),
  unitState: (id: string, body: { state: "available" | "unavailable"; reason?: string }) =>
    send<UnitView>(`${unit(id)}/state`, body),
  handover: (text: string) => send<HandoverView>("/api/v1/handover", { text }),
};
