/** Runs the hub where every tab of this browser shares it. */
import { Hub } from "./hub.ts";
import type { FromTab } from "./messages.ts";
import { browserNeeds } from "./source.ts";

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const hub = new Hub(browserNeeds);

(self as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<FromTab>) => hub.hear(port, message.data);
};

setInterval(() => hub.tick(), 1_000);
