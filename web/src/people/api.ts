/** Accounts and sessions, as the server tells about them. */
import { read, request, send } from "../api/client.ts";
import type { IsoTime, Reach, Role, SessionView } from "../api/types.ts";

export interface AccountView {
  id: string;
  login: string;
  role: Role;
  duty: string;
  unit_id: string | null;
  partner_id: string | null;
  scope: string | null;
  reach: Reach;
  state: "invited" | "active" | "suspended" | "expired" | "erased";
  person: { full_name: string; phone: string } | null;
  expires_at: IsoTime | null;
  created_at: IsoTime;
  created_by: string;
  signed_in_at: IsoTime | null;
  has_totp: boolean;
  takes_second_factor: boolean;
  recovery_left: number;
  sessions: number;
}

export interface OpenSession {
  id: string;
  role: Role;
  name: string;
  account_id: string | null;
  opened_at: IsoTime;
  seen_at: IsoTime | null;
  expires_at: IsoTime | null;
  address: string;
  browser: string;
  here: boolean;
}

export interface PlaceBody {
  role: Role;
  duty: string;
  unit_id: string | null;
  partner_id: string | null;
  scope: string | null;
  reach: Reach;
  expires_at: IsoTime | null;
  full_name: string;
  phone: string;
}

export interface Invited {
  account: AccountView;
  link: string;
  qr: string;
}

export interface TotpOffer {
  secret: string;
  uri: string;
  qr: string;
}

export interface Invitation {
  login: string | null;
  role: Role;
  duty: string;
  takes_second_factor: boolean;
  totp: TotpOffer;
}

export interface AcceptBody {
  token: string;
  login: string;
  password: string;
  totp_secret: string;
  totp_code: string;
}

interface List<T> {
  items: T[];
}

const accounts = "/api/v1/admin/accounts";
const one = (id: string): string => `${accounts}/${encodeURIComponent(id)}`;

export const peopleApi = {
  signIn: (login: string, password: string, code: string) =>
    send<SessionView>("/api/v1/session/password", { login, password, code }),
  invitation: (token: string) => send<Invitation>("/api/v1/session/invitation", { token }),
  accept: (body: AcceptBody) =>
    send<{ session: SessionView; recovery_codes: string[] }>("/api/v1/session/invitation/accept", body),
  stepUp: (password: string, code: string) =>
    send<SessionView>("/api/v1/session/step-up", { password, code }),

  own: () => read<AccountView>("/api/v1/account"),
  password: (current: string, password: string) =>
    send<AccountView>("/api/v1/account/password", { current, password }),
  offer: () => send<TotpOffer>("/api/v1/account/totp/offer", {}),
  enrol: (secret: string, code: string) => send<AccountView>("/api/v1/account/totp", { secret, code }),
  removeApp: async () => (await (await request("DELETE", "/api/v1/account/totp")).json()) as AccountView,
  recoveryCodes: () => send<{ recovery_codes: string[] }>("/api/v1/account/recovery-codes", {}),
  ownSessions: async () => (await read<List<OpenSession>>("/api/v1/account/sessions")).items,
  endOwn: async (id: string) =>
    (await send<List<OpenSession>>(`/api/v1/account/sessions/${encodeURIComponent(id)}/end`, {})).items,

  list: async () => (await read<List<AccountView>>(accounts)).items,
  create: (login: string, place: PlaceBody) => send<Invited>(accounts, { login, ...place }),
  change: (id: string, place: PlaceBody) => send<AccountView>(`${one(id)}/change`, place),
  suspend: (id: string, reason: string) => send<AccountView>(`${one(id)}/suspend`, { reason }),
  resume: (id: string) => send<AccountView>(`${one(id)}/resume`, {}),
  reset: (id: string) => send<Invited>(`${one(id)}/reset`, {}),
  erase: async (id: string) => (await send<List<AccountView>>(`${one(id)}/erase`, {})).items,
  sessions: async () => (await read<List<OpenSession>>("/api/v1/admin/sessions")).items,
  endSession: async (id: string) =>
    (await send<List<OpenSession>>(`/api/v1/admin/sessions/${encodeURIComponent(id)}/end`, {})).items,
  endSessions: (id: string) => send<AccountView>(`${one(id)}/end-sessions`, {}),
};
