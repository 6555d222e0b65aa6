"""What can be heard from a page: a measuring ear at the end of the browser's own sound, before the loudspeaker."""

from __future__ import annotations

from playwright.sync_api import Page

LISTEN = """
(() => {
  const Real = window.AudioContext;
  window.ear = { heardAt: -Infinity, times: 0 };
  window.AudioContext = class extends Real {
    get destination() {
      if (!this.tap) {
        this.tap = new AnalyserNode(this, { fftSize: 8192 });
        this.tap.connect(super.destination);
        const wave = new Float32Array(this.tap.fftSize);
        setInterval(() => {
          this.tap.getFloatTimeDomainData(wave);
          if (wave.every((each) => Math.abs(each) < 0.2)) return;
          const now = performance.now();
          if (now - window.ear.heardAt > 800) window.ear.times += 1;
          window.ear.heardAt = now;
        }, 40);
      }
      return this.tap;
    }
  };
})();
"""
"""The alarm peaks at half of full scale; the small sound that says "I can be heard now" stays below this ear's limit."""

QUIET_MS = 3_200
"""Longer than the pause between two rounds of the alarm (2.6 s)."""
LIMIT_MS = 90_000


def listen(page: Page) -> None:
    """From the next load on, the page is listened to."""
    page.add_init_script(LISTEN)


def wait_until_heard(page: Page) -> None:
    """The alarm is really sounding: it was heard after this call."""
    page.wait_for_function("since => window.ear.heardAt > since", arg=_now(page), timeout=LIMIT_MS)


def wait_until_quiet(page: Page) -> None:
    """The alarm has ended: nothing was heard for longer than its pauses last."""
    page.wait_for_function(
        "([since, quiet]) => performance.now() - Math.max(window.ear.heardAt, since) > quiet",
        arg=[_now(page), QUIET_MS],
        timeout=LIMIT_MS,
    )


def _now(page: Page) -> float:
    now: float = page.evaluate("performance.now()")
    return now
