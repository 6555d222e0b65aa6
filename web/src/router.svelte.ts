/** Which screen is shown: `/enter`, `/setup`, `/console`, or a room of the office such as `/office/assets`. Anything else is the console. */

export type Path = "/enter" | "/setup" | "/console" | "/office" | `/office/${string}`;

class Router {
  path = $state(location.pathname);

  constructor() {
    addEventListener("popstate", () => {
      this.path = location.pathname;
    });
  }

  /** Show another screen in place of this one: "back" does not come here again. */
  go(path: Path): void {
    if (location.pathname !== path || location.hash) history.replaceState(null, "", path);
    this.path = path;
  }

  /** Show another screen; "back" comes here again. */
  visit(path: Path): void {
    if (location.pathname !== path) history.pushState(null, "", path);
    this.path = path;
  }
}

export const router = new Router();
