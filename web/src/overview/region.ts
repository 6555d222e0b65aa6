/** The stations of a region in numbers, as the server counts them. Each of these questions is recorded as a look. */
import { read } from "../api/client.ts";
import type { IsoTime, Words } from "../api/types.ts";
import type { Overview, Spread } from "./api.ts";

export interface StationFigures {
  id: string;
  name: Words;
  is_seat: boolean;
  synthetic: boolean;
  incidents: number;
  left_out_synthetic: number;
  to_acknowledge: Spread;
  to_dispatch: Spread;
  to_scene: Spread;
  reported_at: IsoTime | null;
  in_service: number;
  ready: number;
  heard_at: IsoTime | null;
  units: number;
  on_duty: number;
  duty_at: IsoTime | null;
  recorded_at: IsoTime | null;
}

export interface RegionView {
  at: IsoTime;
  since: IsoTime;
  until: IsoTime;
  /** False where the record is a file of one station: there cannot be others in it. */
  shares_database: boolean;
  items: StationFigures[];
}

const stations = "/api/v1/region/stations";

export const lookAtRegion = (days: number): Promise<RegionView> =>
  read<RegionView>(`${stations}?days=${days}`);

export const lookAtStation = (id: string, days: number): Promise<Overview> =>
  read<Overview>(`${stations}/${encodeURIComponent(id)}?days=${days}`);
