/** The scale bar: a round number of metres that fits, and how long it is on the screen. */

const LONGEST_PX = 110;
/** Circumference of the earth (WGS 84) over the 512 px that MapLibre gives the world at zoom 0. */
const METRES_PER_PX_AT_ZOOM_0 = 40_075_016.686 / 512;

export interface ScaleBar {
  lengthM: number;
  widthPx: number;
}

/** The longest of 1, 2, 3, 5 × 10ⁿ metres that is at most 110 px at this latitude (degrees) and zoom. */
export function scaleBar(latitude: number, zoom: number): ScaleBar {
  const metresPerPx = (METRES_PER_PX_AT_ZOOM_0 * Math.cos((latitude * Math.PI) / 180)) / 2 ** zoom;
  const most = metresPerPx * LONGEST_PX;
  const power = 10 ** Math.floor(Math.log10(most));
  const lengthM = power * ([5, 3, 2].find((step) => step * power <= most) ?? 1);
  return { lengthM, widthPx: lengthM / metresPerPx };
}
