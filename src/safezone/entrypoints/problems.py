"""How a refusal looks on the wire: problem details (RFC 9457) with words in both languages."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from safezone.core.errors import CANNOT_BE_KEPT, Refused, Unavailable
from safezone.core.i18n import Words
from safezone.core.record_faults import WrongValue

logger = logging.getLogger("safezone.http")
MEDIA_TYPE: Final = "application/problem+json"

_NOT_STORED: Final = Words(
    th="ขณะนี้บันทึกไม่ได้ และยังไม่มีอะไรเปลี่ยนแปลง กรุณาลองใหม่ หากเป็นเหตุด่วนให้โทร 191",
    en="It could not be stored now and nothing was changed. Try again; in an emergency call 191.",
)
_BROKEN: Final = Words(
    th="ระบบขัดข้อง คำขอนี้ไม่ได้ถูกบันทึก แจ้งผู้ดูแลระบบหากเกิดซ้ำ",
    en="Something broke; this request was not stored. Tell the administrator if it happens again.",
)


_CHALLENGE: Final = {
    # RFC 6750: without credentials only the scheme is named; with ones that are not good, what is wrong with them.
    "sign_in": {"WWW-Authenticate": 'Bearer realm="safezone"'},
    "bad_token": {"WWW-Authenticate": 'Bearer realm="safezone", error="invalid_token"'},
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was wrong, where, and what to do."""

    title: str
    status: int
    detail: str
    code: str
    words: Words
    type: str = "about:blank"


def _answer(
    status: int,
    code: str,
    words: Words,
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    problem = Problem(HTTPStatus(status).phrase, status, words.en, code, words)
    if status == 503:
        headers = {**(headers or {}), "Retry-After": "2"}
    body = {**msgspec.structs.asdict(problem), **(extra or {})}
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def on_refused(_request: Request[Any, Any, Any], problem: Refused) -> Response[Any]:
    """Understood and not granted."""
    headers = _CHALLENGE.get(problem.code) if problem.status == 401 else None
    if problem.status == 429:
        headers = {"Retry-After": str(problem.extra.get("retry_after_s", 1))}
    return _answer(problem.status, problem.code, problem.words, problem.extra, headers)


def on_wrong_value(_request: Request[Any, Any, Any], _problem: WrongValue) -> Response[Any]:
    """Asked with a value that the database cannot even compare: a NUL character, a number too large."""
    return _answer(422, "cannot_be_kept", CANNOT_BE_KEPT)


def on_unavailable(_request: Request[Any, Any, Any], _problem: Unavailable) -> Response[Any]:
    """Nothing was stored; the client must try again."""
    return _answer(503, "not_stored", _NOT_STORED)


def on_http_error(_request: Request[Any, Any, Any], problem: HTTPException) -> Response[Any]:
    """What the framework refused: a missing route, a wrong method, a body that does not fit."""
    status = problem.status_code
    if status >= 500:
        return _answer(status, "broken", _BROKEN)
    if isinstance(problem, ValidationException):
        places = _places(problem.extra)
        listed = "; ".join(places) or problem.detail
        words = Words(
            th=f"ข้อมูลที่ส่งมาไม่ถูกต้อง แก้แล้วส่งใหม่: {listed}",
            en=f"What was sent does not fit; correct it and send it again: {listed}",
        )
        return _answer(422, "does_not_fit", words, {"errors": places})
    phrase = HTTPStatus(status).phrase
    words = _FRAMEWORK.get(status, Words(th=phrase, en=phrase))
    return _answer(status, phrase.lower().replace(" ", "_"), words, headers=problem.headers)


_FRAMEWORK: Final = {
    400: Words(th="อ่านคำขอไม่ได้: ต้องเป็น JSON ที่ถูกต้อง", en="The request cannot be read: it must be valid JSON."),
    404: Words(th="ไม่มีที่อยู่นี้ ดูรายการได้ที่ /schema/openapi.json", en="No such address; see /schema/openapi.json."),
    405: Words(
        th="ที่อยู่นี้ไม่รับวิธีเรียกแบบนี้ ดู /schema/openapi.json",
        en="This address does not take this method; see /schema/openapi.json.",
    ),
    413: Words(
        th="ข้อมูลใหญ่เกินไป ส่งให้น้อยลงหรือแบ่งเป็นหลายครั้ง",
        en="That is more than is taken at once; send less, or in several parts.",
    ),
    415: Words(
        th="ชนิดข้อมูลนี้ใช้ไม่ได้ ต้องเป็น application/json", en="This media type is not taken; send application/json."
    ),
}


def on_broken(request: Request[Any, Any, Any], problem: Exception) -> Response[Any]:
    """A fault of ours: logged with its trace, told without it."""
    if isinstance(problem, (RecursionError, UnicodeDecodeError)) and _raised_in_decoder(problem):
        # Brackets without end, bytes that are no text: the framework lets these through as if they were our fault.
        return _answer(400, "bad_request", _FRAMEWORK[400])
    logger.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return _answer(500, "broken", _BROKEN)


def _raised_in_decoder(problem: Exception) -> bool:
    frame = problem.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and frame.tb_frame.f_globals["__name__"].startswith("litestar.serialization")


def _places(extra: Any) -> list[str]:
    if not isinstance(extra, list):
        return []
    return [
        f"{item.get('key') or item.get('source', '')}: {item.get('message', '')}"
        for item in extra
        if isinstance(item, dict)
    ]
