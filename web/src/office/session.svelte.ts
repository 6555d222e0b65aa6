/** Who is signed in here, for the rooms of the office. */
import { api, ApiError } from "../api/client.ts";
import type { SessionView } from "../api/types.ts";

class Who {
  session = $state<SessionView | null>(null);
  state = $state<"asking" | "in" | "out" | "unreachable">("asking");
  /** Nothing of this station is real: every screen says so. */
  synthetic = $state(false);

  /** Ask the server who is signed in. */
  async ask(): Promise<void> {
    this.state = "asking";
    try {
      this.session = await api.session();
      this.state = "in";
      this.synthetic = (await api.zone()).synthetic;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session = null;
      this.state = error.status === 401 ? "out" : "unreachable";
    }
  }

  async signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    location.assign("/enter"); // a fresh page: nothing of this person's work stays in memory
  }
}

export const who = new Who();
