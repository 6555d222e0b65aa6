"""What can be refused, as one tree: every refusal has a code, a status and words in both languages."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from safezone.core.i18n import Words


class SafezoneError(Exception):
    """Everything this program raises on purpose."""


class Refused(SafezoneError):
    """A command or question that was understood and not granted; nothing was changed."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, words: Words, **extra: Any) -> None:
        super().__init__(f"{code}: {words.en}")
        self.code = code
        self.words = words
        self.extra = extra


class Invalid(Refused):
    """What was sent cannot be meant; `extra` says where."""

    status = 422


class NotSignedIn(Refused):
    """Nobody is known by this token."""

    status = 401


class NotAllowed(Refused):
    """Known, but this is not theirs to do or see."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or not for this identity."""

    status = 404


class Conflict(Refused):
    """Somebody else was first; `extra["current"]` is how it stands now."""

    status = 409


class TooLarge(Refused):
    """More than is taken at once."""

    status = 413


class TooMany(Refused):
    """More often than is taken; `extra["retry_after_s"]` says when to try again."""

    status = 429


class Unavailable(SafezoneError):
    """It could not be stored now and nothing was changed: say so and try again."""


class CannotStart(SafezoneError):
    """The program cannot come up; its one line says what is wrong and what to do."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


CANNOT_BE_KEPT: Final = Words(
    th="มีค่าที่บันทึกไม่ได้ เช่น อักขระ NUL ข้อความยาวเกินไป หรือตัวเลขใหญ่เกินไป",
    en="There is a value in it that cannot be kept: a NUL character, a text that is too long or a number too large.",
)
