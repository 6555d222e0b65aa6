/** What is taken out of the station: for which purposes, and the file that comes back. */
import { read, request } from "../api/client.ts";
import type { Words } from "../api/types.ts";

export interface Purpose {
  code: string;
  case: string;
  text: string;
}

export interface Taken {
  name: string;
  blob: Blob;
}

export const purposes = async (): Promise<Record<string, Words>> =>
  (await read<{ items: Record<string, Words> }>("/api/v1/purposes")).items;

/** The file that the server answers with, and what it calls it. */
export async function takeOut(path: string, body: unknown, otherwise: string): Promise<Taken> {
  const answer = await request("POST", path, body);
  const said = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  return { name: said?.[1] ?? otherwise, blob: await answer.blob() };
}
