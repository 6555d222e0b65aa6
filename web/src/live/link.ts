/** The tab's end of the live connection: the shared one where the browser can, its own where it cannot. */
import { Hub } from "./hub.ts";
import type { FromTab, ToTab } from "./messages.ts";
import { browserNeeds } from "./source.ts";

export interface Link {
  send(message: FromTab): void;
}

/** Opens the link; `listen` gets every message. Nothing flows before the first `join`. */
export function openLink(listen: (message: ToTab) => void): Link {
  return "SharedWorker" in globalThis ? sharedLink(listen) : ownLink(listen);
}

function sharedLink(listen: (message: ToTab) => void): Link {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "safezone-live",
  });
  worker.port.onmessage = (event: MessageEvent<ToTab>) => listen(event.data);
  const send = (message: FromTab): void => worker.port.postMessage(message);
  addEventListener("pagehide", () => send({ type: "leave" }));
  return { send };
}

function ownLink(listen: (message: ToTab) => void): Link {
  const hub = new Hub(browserNeeds);
  const tab = { postMessage: listen };
  setInterval(() => {
    hub.tick();
  }, 1_000);
  return { send: (message) => hub.hear(tab, message) };
}
