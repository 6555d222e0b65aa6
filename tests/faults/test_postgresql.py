"""kill -9 of the program, of a station that PostgreSQL keeps.

What makes it another story than SQLite: the program asks for the commit and hears later what came of it. Killed in between,
nobody may be told "received" for nothing, and nothing may be there twice because it was asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.life import NO_ESCALATION
from tests.support.moments import AFTER_ASKED, Moments
from tests.support.postgres import new_server
from tests.support.quiet import Quiet
from tests.support.running import running


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    """A station with a server of its own."""
    folder, server = tmp_path_factory.mktemp("steps"), new_server()
    moments = Moments(folder)
    settings = f'database_url = "{server.url(server.create())}"\n\n{NO_ESCALATION}'
    with running(folder / "data", settings=settings, env=moments.env) as station:
        life = Quiet(station, moments)
        life.start()
        yield life
        life.settle()
        print("in the end:", life.judge())
        life.finish()
    server.close()


def test_the_program_is_killed_before_it_hears_what_came_of_its_commit(quiet: Quiet) -> None:
    quiet.strike(AFTER_ASKED, quiet.press)
    quiet.judge_in_peace()
