/** The settings as the server tells about them, and changing one. */
import { read, send } from "../api/client.ts";
import type { IsoTime, Words } from "../api/types.ts";

export type Value = number | string | string[];

export interface SettingView {
  key: string;
  name: Words;
  meaning: Words;
  value: Value;
  default: Value;
  origin: "default" | "browser" | "file";
  version: number;
  least: number | null;
  most: number | null;
  choices: string[];
  several: boolean;
  changed_at: IsoTime | null;
  changed_by: string | null;
  reason: string | null;
}

export interface SettingsView {
  may_change: boolean;
  groups: { name: string; title: Words; meaning: Words; items: SettingView[] }[];
  technical: { key: string; meaning: string; value: unknown; default: unknown; in_file: boolean }[];
}

export interface ChangeView {
  seq: number;
  at: IsoTime;
  actor: string;
  before: Value;
  after: Value;
  reset: boolean;
  reason: string | null;
}

const at = (key: string): string => `/api/v1/settings/${encodeURIComponent(key)}`;

export const settingsApi = {
  list: () => read<SettingsView>("/api/v1/settings"),
  history: (key: string) => read<{ setting: SettingView; changes: ChangeView[] }>(at(key)),
  change: (key: string, body: { value: Value; reason: string; expected_version: number }) =>
    send<SettingView>(at(key), body),
  reset: (key: string, body: { reason: string; expected_version: number }) =>
    send<SettingView>(`${at(key)}/reset`, body),
};
