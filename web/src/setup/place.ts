/** Reads a place that somebody pasted: two numbers, latitude first as maps on telephones give them. */

export interface ReadPlace {
  lat: number;
  lon: number;
  /** They stood the other way round. */
  swapped: boolean;
  /** Not in Thailand: somebody must say that it is meant. */
  abroad: boolean;
}

const inThailand = (lat: number, lon: number): boolean =>
  lat > 5.5 && lat < 20.6 && lon > 97.2 && lon < 105.8;

/** The place in this text, or null when there is none. Thai digits are read too. */
export function readPlace(text: string): ReadPlace | null {
  const plain = text.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - 0x0e50));
  const numbers = plain.match(/[-+]?\d+(?:\.\d+)?/g)?.map(Number) ?? [];
  const [first, second] = numbers;
  if (numbers.length !== 2 || first === undefined || second === undefined) return null;
  const swapped = Math.abs(first) > 90 || (!inThailand(first, second) && inThailand(second, first));
  const [lat, lon] = swapped ? [second, first] : [first, second];
  if (Math.abs(lat) > 80 || Math.abs(lon) > 180 || (lat === 0 && lon === 0)) return null;
  return { lat, lon, swapped, abroad: !inThailand(lat, lon) };
}

/** A code for a station, from its English name: the last words that tell it from others. */
export function codeFrom(name: string): string {
  const words = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9 -]/g, "")
    .replace(/\b(mueang|muang|police|station|provincial|metropolitan|of|the)\b/g, " ")
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  return words
    .join("-")
    .slice(0, 32)
    .replace(/^-+|-+$/g, "");
}
