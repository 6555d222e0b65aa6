"""No test fails because the machine is slow: whatever is waited for, is waited for long enough."""

from __future__ import annotations

import ast
from typing import Final

from tests.house.sources import list_sources

LONG_ENOUGH_S: Final = 10.0
"""It costs nothing on a good day; on a machine that is busy with other things everything takes ten times as long."""
LIMITS: Final = {"within_s", "timeout", "deadline_s", "timeout_s"}
ASKING: Final = {
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "request",
    "stream",
    "Client",
    "AsyncClient",
}
OTHERWISE: Final = {
    "tests/entrypoints/test_broker.py": "a broker that was stopped is told on by a limit",
    "tests/entrypoints/demo/test_pole.py": "two seconds and a half pass without an answer, which is the experiment",
    "tests/entrypoints/test_oidc.py": "a setting of the program, which takes no more",
}
"""Where a limit is short and why; the list only shrinks."""


def test_whoever_asks_says_how_long_and_it_is_long() -> None:
    wrong = [
        f"{each.name}:{call.lineno} {problem}"
        for each in list_sources("tests")
        if not each.name.startswith("tests/support/") and each.name not in OTHERWISE
        for call in each.calls()
        if (problem := _impatient(call))
    ]
    assert not wrong, "on a busy machine it takes longer (tests/support/places.py):\n" + "\n".join(wrong)


def _impatient(call: ast.Call) -> str:
    said = {each.arg: each.value for each in call.keywords}
    match call.func:
        case ast.Attribute(value=ast.Name(id="httpx"), attr=name) if name in ASKING and "timeout" not in said:
            return "has httpx wait for five seconds, which is its default"
    for name in LIMITS & said.keys():
        match said[name]:
            case ast.Constant(value=int() | float() as limit) if limit < LONG_ENOUGH_S:
                return f"waits for no more than {limit} s"
    return ""
