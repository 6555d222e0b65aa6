/** The sign of each kind of equipment; one that is new on the server has a general sign. */
import type { IconName } from "../ui/icons.ts";

const ICONS: Record<string, IconName> = {
  camera_site: "camera",
  camera: "camera",
  sos_point: "sos_point",
  light_pole: "lamp",
  mobile_cctv: "van",
  drone: "drone",
  loudspeaker: "speaker",
  red_box: "box",
};

export function iconOf(kind: string): IconName {
  return ICONS[kind] ?? "equipment";
}
