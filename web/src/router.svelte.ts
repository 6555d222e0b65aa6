/** Which screen is shown: `/enter` or `/console`. Anything else goes to the console. */

class Router {
  path = $state(location.pathname);

  constructor() {
    addEventListener("popstate", () => {
      this.path = location.pathname;
    });
  }

  go(path: "/enter" | "/console"): void {
    if (location.pathname !== path || location.hash) history.replaceState(null, "", path);
    this.path = path;
  }
}

export const router = new Router();
