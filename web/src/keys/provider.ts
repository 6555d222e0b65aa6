/** The station's OpenID Connect provider: the way there, how it ended, and who is linked. */
import { read, request, send } from "../api/client.ts";
import type { SessionView, Words } from "../api/types.ts";

const PATH = "/api/v1/session/oidc";

export interface ProviderView {
  label: Words;
  trouble: Words | null;
  /** Whoever has just signed out here is signed in there still. */
  still_in: boolean;
}

export interface Link {
  id: string;
  issuer: string;
  subject: string;
  linked_at: string;
}

export const provider = {
  start: `${PATH}/start`,
  leave: `${PATH}/leave`,
  startLink: `${PATH}/start?link=true`,
  ways: async () => (await read<{ provider: ProviderView | null }>(PATH)).provider,
  second: (code: string) => send<SessionView>(`${PATH}/second`, { code }),
  links: async () => (await read<{ items: Link[] }>(`${PATH}/links`)).items,
  unlink: async (id: string) => {
    const answer = await request("DELETE", `${PATH}/links/${encodeURIComponent(id)}`);
    return ((await answer.json()) as { items: Link[] }).items;
  },
};

/** How the way to the provider ended, from the address to which the browser was sent back; null when it does not say. */
export function endedIn(hash: string): string | null {
  return /^#oidc=([a-z_]+)$/.exec(hash)?.[1] ?? null;
}
