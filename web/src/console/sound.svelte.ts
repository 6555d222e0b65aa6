/** The alarm: made by the browser itself, without a file, and sounding until somebody acknowledges. */

export type SoundState = "blocked" | "declined" | "ready" | "alarm" | "muted";
type Tune = "arrival" | "escalated" | "dead" | "ready";

const MUTE_MS = 60_000;
const ALARM_EVERY_MS = 2_600;
const DEAD_EVERY_MS = 4_000;

/** Each note: start (s), length (s), pitch (Hz) from → to. */
const TUNES: Record<Tune, readonly (readonly [number, number, number, number])[]> = {
  arrival: [
    [0, 0.22, 880, 1320],
    [0.26, 0.22, 880, 1320],
    [0.52, 0.42, 1320, 880],
  ],
  escalated: [
    [0, 0.16, 1560, 1560],
    [0.2, 0.16, 1170, 1170],
    [0.4, 0.16, 1560, 1560],
    [0.6, 0.16, 1170, 1170],
    [0.8, 0.16, 1560, 1560],
    [1, 0.36, 1170, 780],
  ],
  dead: [
    [0, 0.5, 300, 290],
    [0.6, 0.9, 220, 180],
  ],
  ready: [[0, 0.12, 660, 880]],
};

export class Sound {
  /** True once the browser lets this page be heard. */
  enabled = $state(false);
  declined = $state(false);
  mutedUntil = $state(0);
  /** How often an alarm has sounded; a screen that says it sounds can be asked for proof. */
  played = $state(0);

  private context: AudioContext | null = null;
  private lastAlarm = 0;
  private lastDead = 0;

  /** Try to become audible; browsers allow it only after somebody pressed something. */
  async enable(): Promise<void> {
    if (!("AudioContext" in globalThis)) return;
    this.context ??= new AudioContext();
    await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 500))]);
    const audible = this.context.state === "running";
    if (audible && !this.enabled) this.play("ready");
    this.enabled = audible;
    if (audible) this.declined = false;
  }

  decline(): void {
    this.declined = true;
  }

  /** Silent for one minute, never longer: somebody must come back and acknowledge. */
  toggleMute(): void {
    this.mutedUntil = this.mutedUntil > performance.now() ? 0 : performance.now() + MUTE_MS;
  }

  mutedForS(): number {
    return Math.max(0, Math.ceil((this.mutedUntil - performance.now()) / 1000));
  }

  /** Called at least once a second: sounds what has to sound now. */
  tick(unacknowledged: number, escalated: number, dead: boolean): void {
    if (!this.enabled) return;
    const now = performance.now();
    if (this.mutedUntil > now) return;
    if (unacknowledged > 0 && now - this.lastAlarm >= ALARM_EVERY_MS) {
      this.lastAlarm = now;
      this.played += 1;
      this.play(escalated > 0 ? "escalated" : "arrival");
    } else if (dead && now - this.lastDead >= DEAD_EVERY_MS) {
      this.lastDead = now;
      this.play("dead");
    }
  }

  /** A new incident is heard at once, also in the middle of a mute: the mute was for the old ones. */
  arrived(): void {
    this.mutedUntil = 0;
    this.lastAlarm = 0;
  }

  private play(tune: Tune): void {
    const { context } = this;
    if (!context) return;
    for (const [start, length, from, to] of TUNES[tune]) {
      const begin = context.currentTime + 0.02 + start;
      const oscillator = new OscillatorNode(context, {
        type: tune === "dead" ? "sawtooth" : "square",
        frequency: from,
      });
      oscillator.frequency.exponentialRampToValueAtTime(to, begin + length);
      const loudness = new GainNode(context, { gain: 0 });
      loudness.gain.setValueAtTime(0, begin);
      loudness.gain.linearRampToValueAtTime(tune === "ready" ? 0.12 : 0.5, begin + 0.015);
      loudness.gain.setValueAtTime(tune === "ready" ? 0.12 : 0.5, begin + length - 0.04);
      loudness.gain.linearRampToValueAtTime(0, begin + length);
      oscillator.connect(loudness).connect(context.destination);
      oscillator.start(begin);
      oscillator.stop(begin + length);
    }
  }
}
