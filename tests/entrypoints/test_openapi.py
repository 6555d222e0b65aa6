"""The description of the HTTP API: complete, the same at every start, and true of what the doors answer."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from tests.support.places import REPO
from tests.support.station import RunningStation

EXAMPLES = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4
"""For each operation, kind of data and caller."""

# What is refused though it fits its schema: 0,0 lies in the sea, and is what a broken GPS says; whose a credential is
# depends on its role; a NUL can be kept by no database; an outline may cross itself, and 31/2 is no day.
REFUSED_ALL_THE_SAME = {
    "place_out_of_range", "credential_of_nobody", "reach_of_a_commander", "cannot_be_kept", "outline_refused", "cannot_be_meant",
    "bad_login", "weak_password", "bad_code", "expires_in_the_past", "second_factor_needed",
    # Which kinds, owners and agreements there are is in files and in the register.
    "unknown_kind", "unknown_owner", "unknown_mou", "unknown_site", "bad_bbox", "which_labels", "not_ready_for_service",
    "ends_before_it_begins", "nothing_in_it",
    # Where the station is opened from.
    "no_passkeys_here",
}  # fmt: skip

# Never called: every GET of it holds the connection open.
ENDLESS = "/api/v1/live"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("openapi"))
    station.api("supervisor").act("/api/v1/units/car-1/duty", {"on": True})
    yield station
    station.close()


@pytest.fixture(scope="module")
def document(station: RunningStation) -> dict[str, Any]:
    served: dict[str, Any] = station.api("public").ask("/schema/openapi.json")
    return served


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


# ── complete ──


def test_it_is_openapi_3_1_with_a_way_to_sign_in(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"bearer": []}, {"session": []}]
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", "safezone_session")


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    known_tags = {tag["name"] for tag in document["tags"]}
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))
    for address, operation in operations(document).items():
        assert re.fullmatch(r"[a-z][a-z_]+", operation["operationId"]), address
        assert len(operation["description"]) > 6, address
        assert 6 < len(operation["summary"]) <= 100, address
        assert operation["summary"][0].isupper(), address
        assert operation["tags"], address
        assert set(operation["tags"]) <= known_tags, address


def test_every_refusal_is_a_problem_with_words(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"title", "status", "detail", "code", "words"}
    for name, response in document["components"]["responses"].items():
        content = response["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
    for address, operation in operations(document).items():
        refusals = {s: r for s, r in operation["responses"].items() if s[0] in "45" or s == "default"}
        assert "default" in refusals, address
        if address != "GET /readyz":
            assert all("$ref" in refusal for refusal in refusals.values()), address
        if operation.get("security", True):
            assert {"401", "403"} <= set(refusals), address
        if "requestBody" in operation:
            assert {"400", "413", "415", "422", "503"} <= set(refusals), address


def test_every_body_and_answer_has_a_name(document: dict[str, Any]) -> None:
    for address, operation in operations(document).items():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = [answer for answer in operation["responses"].values() if "content" in answer]
        for content in (one["content"] for one in bodies + answers):
            if "application/json" in content and not address.endswith("/osmand"):
                schema = content["application/json"]["schema"]
                assert "$ref" in schema, address
                assert schema["$ref"].rsplit("/", 1)[1] in document["components"]["schemas"], address


def test_a_number_that_has_an_end_has_a_beginning(document: dict[str, Any]) -> None:
    """The framework leaves a least value of nought out where the number may be left out."""
    for name, schema in document["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            assert "minimum" in said or "maximum" not in said, f"{name}.{field}"


def test_it_holds_every_address_of_the_api(document: dict[str, Any], station: RunningStation) -> None:
    there = {route.path_format for route in station.node.app.routes}
    assert {path for path in there if path.startswith("/api/")} <= set(document["paths"])
    assert set(document["paths"]) <= there


def test_what_takes_nobody_known_says_so(document: dict[str, Any], station: RunningStation) -> None:
    """The table of permissions is in test_permissions.py; here only that the description agrees with the program."""
    anybody = station.api("public")
    for address, operation in operations(document).items():
        method, path = address.split()
        if method == "GET" and path != ENDLESS and "{" not in path and not path.endswith("/osmand"):
            open_to_all = operation.get("security", document["security"])[:1] in ([], [{}])
            assert (anybody.get(path).status_code == 401) is not open_to_all, address


# ── the same at every start ──


def test_nothing_in_it_is_made_up(document: dict[str, Any]) -> None:
    """The framework likes to invent examples, other ones each time; nobody could tell them from what is meant."""
    assert not {"example", "examples"} & _keys(document)


def _keys(part: Any) -> set[str]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    own = set(part) if isinstance(part, dict) else set()
    return own.union(*map(_keys, inner))


def test_two_starts_describe_it_with_the_same_bytes(station: RunningStation) -> None:
    program = (
        "import sys, tempfile, pathlib, msgspec\n"
        "from safezone.core.settings import Settings\n"
        "from safezone.entrypoints.api_description import describe\n"
        "from safezone.entrypoints.house import DataFolder, Engine\n"
        "from safezone.entrypoints.node import Node\n"
        "from safezone.main import wire\n"
        "folder = DataFolder(pathlib.Path(tempfile.mkdtemp())); folder.make(); settings = Settings()\n"
        "engine = Engine(wire(settings), folder.open_database(settings), 'mdh')\n"
        "sys.stdout.buffer.write(msgspec.json.encode(describe(Node(engine, folder).app)))\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=REPO, capture_output=True, check=True, timeout=60
    )
    served = station.api("public").get("/schema/openapi.json").content
    assert other.stdout == served


# ── true ──


def _listed_operations(station: RunningStation) -> list[Any]:
    served = station.api("public").ask("/schema/openapi.json")
    schema = schemathesis.openapi.from_dict(served)
    listed = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(listed) == len(operations(served)), "an operation is described in a way that nobody can read"
    return [operation for operation in listed if operation.path != ENDLESS]


def _checks_for(label: str, response: httpx.Response) -> list[Any]:
    """Every check of schemathesis, except where a schema cannot say what the program asks for."""
    left_out = set()
    if label.endswith("/osmand"):
        left_out = {"positive_data_acceptance", "negative_data_rejection"}  # Trackers say what they like.
    if label == "GET /api/v1/incidents":
        left_out = {"negative_data_rejection"}  # A time may also come as a number.
    if response.status_code == 422 and response.json()["code"] in REFUSED_ALL_THE_SAME:
        # What no schema can say.
        left_out = {"positive_data_acceptance"}
    return [check for check in CHECKS.get_all() if check.__name__ not in left_out]


@pytest.mark.parametrize("caller", ["admin", "car-1", "public"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
def test_whatever_is_sent_the_answer_is_one_that_is_described(
    mode: GenerationMode, caller: str, station: RunningStation
) -> None:
    headers = {"Authorization": f"Bearer {station.tokens[caller]}"} if caller != "public" else {}
    asked = 0
    for operation in _listed_operations(station):

        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            response = case.call(base_url=station.url, headers=headers, timeout=60)
            case.validate_response(
                response, headers=headers, checks=_checks_for(case.operation.label, response)
            )

        try:
            ask()
        except Unsatisfiable:
            # Nothing can be wrong with a request that says nothing.
            assert mode is GenerationMode.NEGATIVE, operation.label
    assert asked > 20 * EXAMPLES


# ── rubbish ──

DEEP = 100_000
RUBBISH = {
    "brackets without end": b"[" * DEEP,
    "objects without end": b'{"a":' * DEEP,
    "a NUL": b'{"kind":"sos","text":"\\u0000","place_text":"\\u0000","name":"\\u0000","reason":"\\u0000"}',
    "half a character": b'{"kind":"sos","text":"\\ud800"}',
    "no UTF-8": b'{"kind":"sos","text":"\xff\xfe"}',
    "only bytes": bytes(range(128, 256)),
    "a number without end": b'{"expected_version":' + b"9" * 5000 + b"}",
    "more than 64 bits": b'{"expected_version":9223372036854775808,"lifetime_s":9223372036854775808}',
    "before the first year": b'{"kind":"sos","claimed_at":"0001-01-01T00:00:00+14:00"}',
    "after the last year": b'{"kind":"sos","claimed_at":"9999-12-31T23:59:59-14:00"}',
    "infinitely far": b'{"kind":"sos","place":{"lon":1e400,"lat":0}}',
    "a fix beyond the earth": b'{"fixes":[{"lon":1e308,"lat":-1e308,"speed_kmh":1e308,"at":"0001-01-01T00:00:00+14:00"}]}',
    "a tracker's time without end": b'{"device_id":"x","location":{"coords":{"longitude":1,"latitude":1},'
    b'"timestamp":"' + b"9" * 5000 + b'"}}',
    "a tracker's number without end": b'{"device_id":' + b"9" * 5000 + b"}",
    "null": b"null",
    "nothing": b"",
}  # fmt: skip
PATH_PARTS = ("x", "%00", "%FF", "%ED%A0%80", "..%2F..%2Fetc", "%E0%B8%81", "a" * 4000)


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_in_a_body_is_refused_and_breaks_nothing(
    rubbish: bytes, station: RunningStation, document: dict[str, Any]
) -> None:
    for address in operations(document):
        method, path = address.split()
        if method == "POST":
            for caller in ("admin", "car-1"):
                url = re.sub(r"\{\w+\}", "x", path)
                answer = station.api(caller).http.post(
                    url, content=rubbish, headers={"content-type": "application/json"}
                )
                assert answer.status_code < 500, f"{address} as {caller}: {answer.text}"


def test_rubbish_in_an_address_is_refused_and_breaks_nothing(
    station: RunningStation, document: dict[str, Any]
) -> None:
    for address in operations(document):
        method, path = address.split()
        for part in PATH_PARTS if "{" in path else ():
            body = {"json": {"state": "accepted", "text": "x", "on": True}} if method == "POST" else {}
            answer = station.api("admin").http.request(method, re.sub(r"\{\w+\}", part, path), **body)  # type: ignore[arg-type]
            assert answer.status_code < 500, f"{address} with {part[:20]}: {answer.text}"


@pytest.mark.parametrize(
    "query",
    [
        "before=2026-11-20T12:00:00", "before=0001-01-01T00:00:00%2B14:00", "before=9999-12-31T23:59:59-14:00",
        "before=1e400", "limit=9999999999999999999999", "limit=NaN", "state=%00", "state=%FF", "&" * 3000,
    ],
)  # fmt: skip
def test_rubbish_in_a_query_is_refused_and_breaks_nothing(query: str, station: RunningStation) -> None:
    answer = station.api("operator").http.get(f"/api/v1/incidents?{query}")
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize(
    "query",
    [
        "lat=16.5&lon=104.7&timestamp=" + "9" * 5000, "lat=16.5&lon=104.7&timestamp=-99999999999999",
        "lat=16.5&lon=104.7&timestamp=0001-01-01T00:00:00%2B14:00", "lat=1e308&lon=-1e308", "lat=%ED%A0%80&lon=%00",
        "lat=16.5&lon=104.7&speed=1e400&batt=nan&bearing=-1&accuracy=inf", "lat=&lon=", "%FF=%FF", "lat=1&" * 200,
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rubbish_from_a_tracker_is_answered_so_that_it_goes_on(
    query: str, method: str, station: RunningStation
) -> None:
    """These clients send an unanswered message again for ever, and nothing after it."""
    token = station.tokens["car-1"]
    answer = station.api("public").http.request(method, f"/osmand?id={token}&{query}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer \xff\xfe", b"Authorization: Bearer", b"Cookie: safezone_session=\xff",
        b'Cookie: safezone_session="a;;=,', b"Idempotency-Key: \xff", b"If-None-Match: \xff", b"Last-Event-ID: \xff",
        b"Content-Type: \xff", b"Content-Length: 99999999999", b"Content-Length: -1", b"Transfer-Encoding: chunked",
    ],
)  # fmt: skip
def test_rubbish_in_a_header_is_refused_and_breaks_nothing(header: bytes, station: RunningStation) -> None:
    for line in (b"GET /api/v1/units", b"GET /api/v1/zone", b"GET /api/v1/live", b"POST /api/v1/reports",
                 b"POST /osmand?id=1", b"DELETE /api/v1/session", b"GET /\xff", b"GET /assets/%2e%2e/%2e%2e/x"):  # fmt: skip
        rest = b"\r\n\r\n0\r\n\r\n" if b"chunked" in header else b"\r\n\r\n"
        sent = line + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + header + rest
        with socket.create_connection(("127.0.0.1", station.port), timeout=60) as client:
            client.sendall(sent)
            status = int(client.recv(12)[9:12])
        assert status < 500, (line, header)
