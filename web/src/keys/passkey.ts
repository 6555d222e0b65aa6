/** Asks the browser for a passkey, and the station whether it takes what comes back. */
import { request, send } from "../api/client.ts";
import type { SessionView } from "../api/types.ts";

const PATH = "/api/v1/session/passkeys";

/** Whether this browser, at this address, can have passkeys at all. */
export function canHavePasskeys(): boolean {
  return (
    window.isSecureContext &&
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function"
  );
}

interface Options<T> {
  public_key: T;
}

/** The person has closed the browser's own window, or has no key for this station. */
export class NoPasskey extends Error {}

async function sign(): Promise<unknown> {
  const { public_key } = await send<Options<PublicKeyCredentialRequestOptionsJSON>>(`${PATH}/challenge`, {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(public_key);
  return told(() => navigator.credentials.get({ publicKey }));
}

async function told(ask: () => Promise<Credential | null>): Promise<unknown> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    if (error instanceof DOMException) throw new NoPasskey(error.name);
    throw error;
  }
  if (!(credential instanceof PublicKeyCredential)) throw new NoPasskey("none");
  return credential.toJSON();
}

export interface Passkey {
  id: string;
  name: string;
  site: string;
  added_at: string;
  used_at: string | null;
  backed_up: boolean;
  suspicious: boolean;
}

interface List {
  items: Passkey[];
}

export const passkeys = {
  signIn: async () => send<SessionView>(PATH, { credential: await sign() }),
  prove: async () => send<{ proven: boolean }>(`${PATH}/proof`, { credential: await sign() }),
  list: async () => ((await (await request("GET", PATH)).json()) as List).items,
  add: async (name: string) => {
    const { public_key } = await send<Options<PublicKeyCredentialCreationOptionsJSON>>(
      `${PATH}/new/challenge`,
      {},
    );
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(public_key);
    const credential = await told(() => navigator.credentials.create({ publicKey }));
    return (await send<List>(`${PATH}/new`, { name, credential })).items;
  },
  remove: async (id: string) =>
    ((await (await request("DELETE", `${PATH}/${encodeURIComponent(id)}`)).json()) as List).items,
};
