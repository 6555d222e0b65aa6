/** What the first hour asks of the station. */
import { read, send } from "../api/client.ts";
import type { StationView, UnitView, Words } from "../api/types.ts";

export interface SetupView {
  station: StationView;
  created_at: string | null;
  zone_drawn_at: string | null;
  administrators: number;
  operators: number;
  sos_points: number;
  pressed: { sos_point: string | null; at: string; acknowledged_at: string | null } | null;
  units: number;
  on_duty_at: string | null;
}

export interface NewPole {
  code: string;
  name: Words;
  place: { lon: number; lat: number };
}

export interface NewUnit {
  id: string;
  call_sign: string;
  kind: "car" | "motorcycle" | "foot";
  name_th: string;
  name_en: string;
}

export const setup = {
  look: () => read<SetupView>("/api/v1/setup"),
  /** The station itself owns its first pole: what is in service has an owner, and another can be named later. */
  addPole: async (pole: NewPole, station: Words) => {
    await send("/api/v1/estate/owners/station", { name: station, sector: "police" });
    return send<{ id: string }>("/api/v1/assets", {
      kind: "sos_point",
      lifecycle: "in_service",
      owner_id: "station",
      ...pole,
    });
  },
  addUnit: (unit: NewUnit) => send<UnitView>("/api/v1/units", unit),
  signOn: (unit: string) => send<UnitView>(`/api/v1/units/${encodeURIComponent(unit)}/duty`, { on: true }),
};
