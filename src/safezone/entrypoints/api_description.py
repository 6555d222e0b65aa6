"""What the HTTP API says about itself at /schema: complete enough to write a client from it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.types import Method

from safezone import __version__
from safezone.entrypoints import problems
from safezone.entrypoints.who import BROWSER_HEADER, COOKIE

Json = dict[str, Any]

_SIGNED_IN: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"session": []}]
_OPEN_TO_ALL: Final[dict[str, list[dict[str, list[str]]]]] = {
    "open_session": [],
    "list_sign_in_ways": [],
    "start_at_provider": [{}, *_SIGNED_IN],
    "come_back_from_provider": [],
    "show_second_factor": [],
    "note_provider_logout": [],
    "leave_provider": [],
    "come_back_after_leaving": [],
    "hear_in_a_frame_of_provider": [],
    "challenge_passkey": [],
    "sign_in_by_passkey": [],
    "close_session": [{}, *_SIGNED_IN],
    "report_emergency": [{}, *_SIGNED_IN],
    "get_status": [{}, *_SIGNED_IN],
    # A tracker that sends JSON says its token in `device_id`, for which there is no scheme.
    "take_osmand_get": [{}, {"bearer": []}, {"tracker": []}],
    "take_osmand_post": [{}, {"bearer": []}, {"tracker": []}],
    "sign_in": [],
    "look_at_invitation": [],
    "accept_invitation": [],
    "healthz": [],
    "livez": [],
    "metrics": [],
    "readyz": [],
}
"""The operations for which nobody has to sign in, or not in the usual way, and how else."""

_PROBLEMS: Final = {
    "400": "It cannot be read: not valid JSON.",
    "401": "Nobody is known by this token; or a token is needed and there is none.",
    "403": "Known, but this is not theirs to do; or a change by cookie that did not come from our own page.",
    "404": "There is no such thing, or not for whoever asks.",
    "409": "Somebody else was first; `current` is how it stands now.",
    "413": "More than is taken at once.",
    "415": "This media type is not taken.",
    "422": "It can be read and cannot be meant; `errors` or `field` says where.",
    "429": "Too many requests; `Retry-After` says when to try again. A report is never refused like this.",
    "503": "It could not be stored and nothing was changed: try again.",
    "default": "Any other fault.",
}
_MAY_SAY_MORE: Final = {"PositionsBody"}
"""Bodies in which a field that nobody knows is passed over: phones in the field are newer or older than the station."""
_IMAGES: Final = {
    f"image/{kind}": {"schema": {"type": "string", "format": "binary"}} for kind in ("jpeg", "png", "webp")
}
_PDF: Final = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
_OSMAND_FIELDS: Final = {
    "id": "the unit's token",
    "lat": "degrees north",
    "lon": "degrees east",
    "timestamp": "seconds or milliseconds since 1970, or ISO 8601; without it the time of arrival",
    "accuracy": "metres",
    "speed": "knots",
    "bearing": "degrees",
    "batt": "percent",
}


class _Served(JsonRenderPlugin):
    """Serves the description; worked out when somebody asks for it for the first time."""

    _text: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        if self._text is None:
            self._text = msgspec.json.encode(complete(openapi_schema))
        return self._text


def _operation_id(handler: HTTPRouteHandler, method: Method, _path: Any) -> str:
    """The name of the function, such as `list_incidents`: unique, and what a generated client will call it."""
    name = handler.handler_name
    return (
        name if len(handler.http_methods) == 1 else f"{name}_{str(getattr(method, 'value', method)).lower()}"
    )


def openapi_config() -> OpenAPIConfig:
    """What the framework needs to know to describe the routes."""
    bearer = SecurityScheme(
        type="http",
        scheme="bearer",
        description="A token that an administrator has given out, or a device's secret.",
    )
    session = SecurityScheme(
        type="apiKey",
        security_scheme_in="cookie",
        name=COOKIE,
        description=f"The browser's session. Every change also needs the header `{BROWSER_HEADER.decode()}: 1`.",
    )
    tracker = SecurityScheme(
        type="apiKey",
        security_scheme_in="query",
        name="id",
        description="A unit's token, as trackers send it.",
    )
    return OpenAPIConfig(
        title="Safe Zone",
        version=__version__,
        description="One police station's safety zone: reports, incidents, patrol units and what stands around them. "
        "Times are ISO 8601 in UTC; whatever is refused says why in Thai and English (application/problem+json).",
        path="/schema",
        render_plugins=[_Served()],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        security=list(_SIGNED_IN),
        components=Components(security_schemes={"bearer": bearer, "session": session, "tracker": tracker}),
        tags=[
            Tag("session", "Coming in and going out"),
            Tag("console", "What the command centre's screen is given"),
            Tag("live", "What happens, as it happens"),
            Tag("reports", "What came in; anybody may report"),
            Tag("incidents", "From the first report to the outcome"),
            Tag("handover", "What the next shift must know"),
            Tag("units", "Who is on duty, and their state"),
            Tag("positions", "Where units say they are"),
            Tag("zone", "The ground"),
            Tag("setup", "The first hour of a station"),
            Tag("overview", "The station in numbers, for those who answer for it"),
            Tag("region", "The stations that have named this one as the seat of their region, in numbers"),
            Tag("assets", "Cameras and SOS points: where, whose, how well"),
            Tag("audit", "Who did and saw what, and proof that nobody has rewritten it"),
            Tag("settings", "What the station has set, and who changed it"),
            Tag("devices", "The secrets of poles and trackers"),
            Tag("upkeep", "What keeps the equipment well: looks, repairs, loans, tests, papers"),
            Tag("retention", "What is erased when, what is held, and the proof"),
            Tag("administration", "Who may come in; what the program's parts do"),
            Tag("health", "For whatever watches the process"),
        ],
    )


def describe(app: Litestar) -> Json:
    """The whole OpenAPI 3.1 document of an application."""
    return complete(app.openapi_schema.to_schema())


_FROM_NOUGHT: Final = (
    ("AssetChange", "cost_satang"),
    ("NewAsset", "cost_satang"),
    ("PopulationBody", "households"),
)
"""Numbers that may be left out and are never below nought, which the framework leaves out with them."""


def complete(made: Json) -> Json:
    """The framework's description with what it cannot know: refusals, the live feed, bytes that are no JSON."""
    document: Json = msgspec.to_builtins(made)
    document["paths"]["/api/v1/live"] = {"get": _live()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete_operation(operation, path, method)
    document["paths"] = dict(sorted(document["paths"].items()))
    document["components"]["responses"] = {
        _name_of(status): _problem_response(words) for status, words in _PROBLEMS.items()
    }
    _, problem = msgspec.json.schema_components(
        [problems.Problem], ref_template="#/components/schemas/{name}"
    )
    document["components"]["schemas"] |= problem
    for name in (_bodies(document) | {"Purpose"}) - _MAY_SAY_MORE:
        document["components"]["schemas"][name]["additionalProperties"] = False
    degrees = document["components"]["schemas"]["Point"]["properties"]
    degrees["lon"] |= {"minimum": -180, "maximum": 180}
    degrees["lat"] |= {"minimum": -90, "maximum": 90}
    for name, field in _FROM_NOUGHT:
        document["components"]["schemas"][name]["properties"][field]["minimum"] = 0
    # What else a refusal says (`current`, `errors`, `units`) depends on its `code`.
    document["components"]["schemas"]["Problem"]["additionalProperties"] = True
    return document


def _complete_operation(operation: Json, path: str, method: str) -> None:
    name: str = operation["operationId"]
    operation["summary"] = _first_sentence(operation.get("description", ""))
    if name in _OPEN_TO_ALL:
        operation["security"] = _OPEN_TO_ALL[name]
    _SPECIAL.get(name, _nothing_special)(operation)
    responses = operation["responses"]
    responses.pop("400", None)
    responses.get("204", {}).pop("content", None)
    for status in _refusals(operation, path, method):
        responses.setdefault(status, {"$ref": f"#/components/responses/{_name_of(status)}"})


def _refusals(operation: Json, path: str, method: str) -> list[str]:
    """With which problems an operation may answer."""
    found = ["default"] if operation["operationId"] == "report_emergency" else ["429", "default"]
    if operation.get("security") != []:
        found.append("403")
    if operation.get("security") != [] or "requestBody" in operation:
        found.append("401")
    if "{" in path:
        found.append("404")
    if operation.get("parameters") or "requestBody" in operation:
        found.append("422")
    if method != "get" or path == "/osmand":
        found.append("503")
    if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", [])):
        found.append("409")
    if "requestBody" in operation:
        found += ["400", "413", "415"]
    return sorted(found)


def _bodies(document: Json) -> set[str]:
    """The schemas of what is sent in."""
    operations = (one for path in document["paths"].values() for one in path.values())
    contents = (one["requestBody"]["content"] for one in operations if "requestBody" in one)
    schemas = (content["schema"] for by_type in contents for content in by_type.values())
    return {schema["$ref"].rsplit("/", 1)[1] for schema in schemas if "$ref" in schema}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s|[;:]\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".")


def _name_of(status: str) -> str:
    return "Fault" if status == "default" else f"Problem{status}"


def _problem_response(words: str) -> Json:
    return {
        "description": words,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _live() -> Json:
    text = "text/event-stream; charset=utf-8"
    return {
        "operationId": "live",
        "tags": ["live"],
        "description": "The live feed (server-sent events). It goes on after log line `after`, or after the header "
        "`Last-Event-ID` that a browser sends by itself, and from now on without either. Events: `change` (with `id`; "
        "every line of the log that concerns the reader, once and in order), `positions` (at most twice a second), "
        "`heartbeat` (every five seconds), `reload` (fetch everything anew), `signed_out` (the last one).",
        "parameters": [
            {"name": "after", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}},
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {
                "description": "A stream that does not end",
                "content": {text: {"schema": {"type": "string"}}},
            }
        },
    }


def _nothing_special(_operation: Json) -> None:
    pass


def _repeated_report(operation: Json) -> None:
    first = operation["responses"]["201"]
    operation["responses"]["200"] = {
        **first,
        "description": "This very report came before: the same answer again",
    }


def _photo_in(operation: Json) -> None:
    operation["requestBody"] = {"required": True, "content": _IMAGES}


def _photo_out(operation: Json) -> None:
    operation["responses"]["200"] = {"description": "The photo", "content": _IMAGES}


def _list_in(operation: Json) -> None:
    operation["requestBody"] = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
    said = {"schema": {"type": "string", "description": "One Progress, as JSON, a line"}}
    operation["responses"]["200"] = {
        "description": "How far it is",
        "content": {"application/x-ndjson": said},
    }


def _paper_in(operation: Json) -> None:
    operation["requestBody"] = {"required": True, "content": {**_IMAGES, **_PDF}}


def _paper_out(operation: Json) -> None:
    operation["responses"]["200"] = {"description": "The file", "content": {**_IMAGES, **_PDF}}


def _labels_out(operation: Json) -> None:
    operation["responses"]["200"] = {"description": "The labels", "content": _PDF}


def _sheet_out(operation: Json) -> None:
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    operation["responses"]["200"] = {"description": "The list", "content": dict.fromkeys(kinds, binary)}


def _not_ready(operation: Json) -> None:
    operation["responses"]["503"] = {**operation["responses"]["200"], "description": "A part does not work"}


def _same_map(operation: Json) -> None:
    operation["responses"]["304"] = {"description": "The caller has this version already"}


def _tracker_query(operation: Json) -> None:
    operation["parameters"] = [
        {"name": name, "in": "query", "required": False, "description": words, "schema": {"type": "string"}}
        for name, words in _OSMAND_FIELDS.items()
    ]


def _tracker_body(operation: Json) -> None:
    _tracker_query(operation)
    # Trackers say what they like; what cannot be used is kept for the administrator.
    forms = ("application/json", "application/x-www-form-urlencoded")
    operation["requestBody"] = {"required": False, "content": {form: {"schema": {}} for form in forms}}


_SPECIAL: Final = {
    "report_emergency": _repeated_report,
    "add_photo": _photo_in,
    "get_photo": _photo_out,
    "import_list": _list_in,
    "export_list": _sheet_out,
    "get_template": _sheet_out,
    "get_labels": _labels_out,
    "add_file": _paper_in,
    "get_file": _paper_out,
    "attach_paper": _paper_in,
    "get_paper": _paper_out,
    "readyz": _not_ready,
    "get_zone": _same_map,
    "take_osmand_get": _tracker_query,
    "take_osmand_post": _tracker_body,
}
