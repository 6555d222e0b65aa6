/** Which screen is shown: `/enter`, `/setup`, `/console`, or a room of the office such as `/office/assets`. Anything else is the console. */

export type Path = "/enter" | "/setup" | "/console" | "/office" | `/office/${string}`;

class Router {
  path = $state(location.pathname);
  /** The screen that sent one here and that one may want back to, also after a reload; null when one came by oneself. */
  from = $state(sentFrom());

  constructor() {
    addEventListener("popstate", () => {
      this.path = location.pathname;
      this.from = sentFrom();
    });
  }

  /** Show another screen in place of this one: "back" does not come here again. */
  go(path: Path): void {
    if (location.pathname !== path || location.hash) history.replaceState(null, "", path);
    this.path = path;
    this.from = sentFrom();
  }

  /** Show another screen; "back" comes here again. With `from` the other screen offers the way back there itself. */
  visit(path: Path, from: Path | null = null): void {
    if (location.pathname !== path) history.pushState(from && { from }, "", path);
    this.path = path;
    this.from = sentFrom();
  }
}

function sentFrom(): Path | null {
  const from = (history.state as { from?: Path } | null)?.from;
  return from ?? null;
}

const NEXT = "safezone.next";

/** After the next signing in this screen is shown, once: whoever founds a station goes on with its first steps. */
export function goNext(path: Path): void {
  sessionStorage.setItem(NEXT, path);
}

/** The screen that was asked for with `goNext`, or null. */
export function takeNext(): Path | null {
  const path = sessionStorage.getItem(NEXT);
  sessionStorage.removeItem(NEXT);
  return path?.startsWith("/office") ? (path as Path) : null;
}

export const router = new Router();
