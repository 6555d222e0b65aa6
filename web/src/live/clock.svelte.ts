/** The station's time: taken from the server's frames, because the PC's own clock may be wrong. */

const SAMPLES = 6; // half a minute of heartbeats

export class ServerClock {
  /** Milliseconds since 1970 by the server's clock, whole seconds: what is drawn changes once a second. */
  now = $state(Math.floor(Date.now() / 1000) * 1000);

  private samples: number[] = [];
  private offset: number | null = null;

  /** Learn from a frame. The largest offset of the last few is the one that travelled fastest. */
  hear(at: string): void {
    const sample = Date.parse(at) - performance.now();
    if (!Number.isFinite(sample)) return;
    this.samples = [...this.samples.slice(1 - SAMPLES), sample];
    const offset = Math.max(...this.samples);
    const first = this.offset === null;
    this.offset = offset;
    if (first) this.tick();
  }

  /** The server's time this instant. */
  read(): number {
    return this.offset === null ? Date.now() : this.offset + performance.now();
  }

  tick(): void {
    this.now = Math.floor(this.read() / 1000) * 1000;
  }
}

export const clock = new ServerClock();
