/**
 * What was found, drawn over the map on a canvas of its own: circles with their number, and single things.
 *
 * As a source of MapLibre it would be cut into tiles by its worker, come back one by one and be painted with the whole map
 * again, which takes longer than finding it. Here an answer is on the screen with the next picture, and the map rests.
 */
import type { Map as MapLibre, PointLike } from "maplibre-gl";
import { assetSign, COLOURS } from "../../zone/images.ts";
import type { Marks } from "./api.ts";

interface Mark {
  at: [number, number];
  id: string;
  count: number;
  radius: number;
  colour: string;
  sign: HTMLCanvasElement | null;
}

const SIGN_PX = 26;

export class MarksCanvas {
  private readonly canvas = document.createElement("canvas");
  private readonly pen = this.canvas.getContext("2d");
  private marks: Mark[] = [];

  constructor(private readonly map: MapLibre) {
    this.canvas.style.cssText =
      "position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none";
    this.canvas.dataset["testid"] = "estate-marks";
    map.getCanvasContainer().append(this.canvas);
    map.on("move", () => this.paint());
    map.on("resize", () => this.paint());
  }

  show(marks: Marks): void {
    // Single things lie above circles.
    this.marks = marks.id.map((_, n) => markOf(marks, n)).sort((a, b) => b.count - a.count);
    this.paint();
  }

  /** The uppermost mark at a point of the screen. */
  at(point: PointLike): Mark | undefined {
    const [x, y] = Array.isArray(point) ? point : [point.x, point.y];
    return this.marks.findLast((mark) => {
      const on = this.map.project(mark.at);
      return Math.hypot(on.x - x, on.y - y) <= mark.radius;
    });
  }

  private paint(): void {
    const [wide, high, dense] = [this.canvas.clientWidth, this.canvas.clientHeight, devicePixelRatio];
    if (!this.pen) return;
    if (this.canvas.width !== Math.round(wide * dense) || this.canvas.height !== Math.round(high * dense)) {
      this.canvas.width = Math.round(wide * dense);
      this.canvas.height = Math.round(high * dense);
    }
    this.pen.setTransform(dense, 0, 0, dense, 0, 0);
    this.pen.clearRect(0, 0, wide, high);
    this.pen.font = '500 13px "Plex Thai", sans-serif';
    this.pen.textAlign = "center";
    this.pen.textBaseline = "middle";
    this.pen.lineWidth = 2.5;
    for (const mark of this.marks) {
      const { x, y } = this.map.project(mark.at);
      const [over, under] = [mark.radius + 3, -mark.radius - 3];
      if (x > under && y > under && x < wide + over && y < high + over) draw(this.pen, mark, x, y);
    }
  }
}

function draw(pen: CanvasRenderingContext2D, mark: Mark, x: number, y: number): void {
  if (mark.sign) {
    pen.drawImage(mark.sign, x - SIGN_PX / 2, y - SIGN_PX / 2, SIGN_PX, SIGN_PX);
    return;
  }
  pen.beginPath();
  pen.arc(x, y, mark.radius, 0, 7);
  pen.fillStyle = "#14202d";
  pen.fill();
  pen.strokeStyle = mark.colour;
  pen.stroke();
  pen.fillStyle = "#e9eff6";
  pen.fillText(short(mark.count), x, y + 1.5); // digits have no tails
}

function markOf(marks: Marks, n: number): Mark {
  const count = marks.count[n] ?? 1;
  const at: [number, number] = [marks.lon[n] ?? 0, marks.lat[n] ?? 0];
  if (count > 1) {
    const worst = marks.down[n] ? COLOURS.DOWN : marks.watch[n] ? COLOURS.WATCH : "#5b7b9c";
    return { at, id: "", count, radius: radiusOf(count), colour: worst, sign: null };
  }
  const kind = marks.kinds[marks.kind[n] ?? 0] ?? "";
  const sign = assetSign(kind, marks.states[marks.state[n] ?? 0] ?? "PLANNED");
  return { at, id: marks.id[n] ?? "", count, radius: SIGN_PX / 2, colour: "", sign };
}

/** By its area, but never so small that its number does not fit, nor so large that it hides its neighbours. */
function radiusOf(count: number): number {
  const side = Math.min(100, Math.sqrt(count));
  return side < 10 ? 13 + ((side - 1) / 9) * 7 : 20 + ((side - 10) / 90) * 14;
}

/** 1,240 does not fit into a circle. */
function short(count: number): string {
  return count < 1000 ? String(count) : `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
}
