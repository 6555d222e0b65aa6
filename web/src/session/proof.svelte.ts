/** What the server does only for somebody who has just proven who they are: asked for by one dialog, and then done. */
import { ApiError } from "../api/client.ts";

class Proof {
  /** Somebody waits for it; the dialog is open as long as this is there. */
  waiting = $state.raw<((proven: boolean) => void) | null>(null);

  /** Open the dialog; whether they have proven it, or gone away. */
  ask(): Promise<boolean> {
    this.waiting?.(false);
    return new Promise((resolve) => {
      this.waiting = (proven) => {
        this.waiting = null;
        resolve(proven);
      };
    });
  }
}

export const proof = new Proof();

/** Does the work; where the server wants to know once more who is here, asks and does it then. A refusal is thrown on. */
export async function proven<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem?.code !== "step_up_needed") throw error;
    if (!(await proof.ask())) throw error;
    return await work();
  }
}
