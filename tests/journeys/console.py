"""One console of the command centre, as the person in front of it uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys import hearing


class Console:
    """A page with the console open in it; made by the fixture `open_console`."""

    def __init__(self, page: Page, url: str, token: str) -> None:
        self.page = page
        self.requests: list[str] = []
        page.context.on("request", lambda request: self.requests.append(request.url))
        hearing.listen(page)
        page.goto(f"{url}/enter#token={token}")
        expect(self.get("queue")).to_be_visible()

    def get(self, testid: str) -> Locator:
        """The part of the screen with this name."""
        return self.page.get_by_test_id(testid)

    def press(self, *keys: str) -> None:
        """These keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """This text, letter by letter, into whatever has the focus."""
        self.page.keyboard.type(text)

    def turn_sound_on(self) -> None:
        """The first thing an operator does: Enter, because most browsers are silent until somebody presses something."""
        audible = self.page.locator("[data-testid=sound-state]:not([data-state=blocked])")
        expect(self.get("sound-enable").or_(audible).first).to_be_visible()
        self.press("Enter")  # Means nothing where the browser trusts this page already.
        expect(self.get("sound-gate")).to_have_count(0)
        expect(audible).to_be_visible()

    # ── the queue ──

    def cards(self) -> Locator:
        """Every incident in the queue as it is shown now."""
        return self.get("queue-item")

    def card(self, incident_id: str) -> Locator:
        """The incident in the queue."""
        return self.page.locator(f'[data-testid=queue-item][data-incident-id="{incident_id}"]')

    def choose(self, incident_id: str) -> None:
        """The incident is open on the right, and the hand has left the queue (which keeps still under a hand)."""
        self.card(incident_id).click()
        self.get("incident-panel").hover()
        expect(self.card(incident_id)).to_have_attribute("aria-current", "true")
        expect(self.get("incident-head")).to_be_visible()

    def expect_state(self, incident_id: str, state: str, words: str) -> None:
        """The card of the incident says how it stands, to the eye and to a screen reader alike."""
        expect(self.card(incident_id)).to_have_attribute("data-state", state)
        expect(self.card(incident_id)).to_contain_text(words)

    # ── the alarm ──

    def expect_alarm(self) -> None:
        """What nobody can miss: it sounds, the button says so, the count is red and the title of the tab flashes."""
        expect(self.get("sound-state")).to_have_attribute("data-state", "alarm")
        expect(self.get("unacknowledged-count")).to_be_visible()
        hearing.wait_until_heard(self.page)
        expect(self.page).to_have_title(re.compile("^● "))

    def expect_quiet(self) -> None:
        """It neither sounds nor flashes."""
        expect(self.get("sound-state")).to_have_attribute("data-state", "ready")
        expect(self.get("unacknowledged-count")).to_have_count(0)
        hearing.wait_until_quiet(self.page)
        expect(self.page).to_have_title("เซฟโซน · CCOC")
