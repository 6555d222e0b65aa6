/** The ground as the server tells about it, and every change of it. */
import { ApiError, read, request, send } from "../../api/client.ts";
import type { AreaGeometry } from "./outline.ts";
import type { IsoTime, Place, Words, ZoneCollection } from "../../api/types.ts";

export interface Population {
  residents: number;
  source: Words;
  as_of: string | null;
  households: number | null;
}
export type Why = "risk" | "landmark" | "economic";
export interface Evidence {
  why: Why;
  text: string;
  source: string;
  as_of?: string | null;
  figure?: number | null;
  link?: string | null;
}
export type Criteria = Record<Why, Words>;
export type Coverage = "whole" | "part";
export interface CommunityDetails {
  id: string;
  name: Words;
  coverage: Coverage;
  area_m2: number;
  population: Population | null;
}
export interface PlaceDetails {
  id: string;
  name: Words;
  kind: string;
  point: Place;
}
export interface ZoneDetails {
  version: string;
  name: Words;
  area_m2: number;
  perimeter_m: number;
  criteria: Criteria;
  evidence: Evidence[];
  population: Population | null;
  communities: CommunityDetails[];
  places: PlaceDetails[];
  synthetic: boolean;
}
export interface OutlineProblem {
  code: string;
  words: Words;
  at: Place | null;
}
export interface Measured {
  area_m2: number;
  perimeter_m: number;
  problems: OutlineProblem[];
}
export interface ZoneVersion {
  version: string;
  at: IsoTime;
  actor: string;
  reason: string | null;
  changes: { kind: string; subject: string; name: Words | null }[];
  more_changes: number;
  area_m2: number | null;
  area_before_m2: number | null;
}
export type As = "boundary" | "community" | "place" | "building" | "nothing";
export interface Candidate {
  n: number;
  row: number;
  suggested: As;
  sort: "area" | "point";
  name: Words;
  coverage: Coverage;
  area_m2: number | null;
  at: Place;
  faulty: boolean;
}
export interface Question {
  key: "crs" | "swapped" | "outside";
  words: Words;
  choices: { value: string; words: Words; at: Place | null }[];
  guess: string | null;
}
export interface Finding {
  words: Words;
  row: number | null;
  column: string | null;
  at: Place | null;
}
export interface Proposal {
  file: string;
  format: string;
  crs: string;
  crs_name: string;
  crs_how: string;
  encoding: string;
  questions: Question[];
  problems: Finding[];
  notices: Finding[];
  more_problems: number;
  areas: number;
  lines: number;
  points: number;
  buildings: number;
  candidates: Candidate[];
  bounds: [number, number, number, number] | null;
  refused: Words | null;
}
export interface Answers {
  crs?: string | null;
  swapped?: boolean | null;
  outside?: boolean | null;
  all_as?: As | null;
}
export interface ImportView {
  id: string;
  until: IsoTime;
  answers: Answers;
  proposal: Proposal;
}

const zone = "/api/v1/zone";
const one = (id: string): string => `${zone}/imports/${encodeURIComponent(id)}`;

export const groundApi = {
  details: () => read<ZoneDetails>(`${zone}/details`),
  map: () => read<ZoneCollection>(zone),
  mapOn: (day: string) => read<ZoneCollection>(`${zone}?on=${encodeURIComponent(day)}`),
  versions: async () => (await read<{ items: ZoneVersion[] }>(`${zone}/versions`)).items,
  check: (geometry: AreaGeometry) => send<Measured>(`${zone}/check`, geometry),
  change: (what: string, body: object) => send<{ version: string }>(`${zone}/${what}`, body),

  upload: async (file: File): Promise<ImportView> => {
    const path = `${zone}/imports?name=${encodeURIComponent(file.name)}`;
    const body = file.slice(0, file.size, "application/octet-stream");
    return (await (await request("POST", path, body)).json()) as ImportView;
  },
  answer: (id: string, answers: Answers) => send<ImportView>(`${one(id)}/answers`, answers),
  importMap: (id: string) => read<GeoJSON.FeatureCollection>(`${one(id)}/map`),
  confirm: (id: string, body: object) =>
    send<{ version: string; repeated: boolean }>(`${one(id)}/confirm`, body),
  drop: async (id: string) => void (await request("DELETE", one(id))),
};

/** What is wrong with an outline, if that is why it was refused. */
export function problemsOf(error: ApiError): OutlineProblem[] {
  const said = error.problem as { problems?: OutlineProblem[] } | null;
  return said?.problems ?? [];
}
