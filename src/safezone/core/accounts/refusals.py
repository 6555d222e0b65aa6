"""What is said when something about an account is refused."""

from __future__ import annotations

from typing import Final

from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, Refused
from safezone.core.i18n import Words


def bad_sign_in() -> NotSignedIn:
    """One answer for a name that nobody has, a wrong password and a wrong code."""
    return NotSignedIn(
        "bad_sign_in",
        Words(
            th="ชื่อผู้ใช้ รหัสผ่าน หรือรหัสยืนยันไม่ถูกต้อง หากลืมรหัสผ่าน ขอลิงก์ใหม่จากผู้ดูแลระบบ",
            en="The name, the password or the code is not right. If you have forgotten it, ask the administrator for a new link.",
        ),
    )


def code_needed() -> NotSignedIn:
    """The password was right; this account has a second factor."""
    return NotSignedIn(
        "code_needed",
        Words(
            th="ใส่รหัส 6 หลักจากแอปยืนยันตัวตน หรือรหัสกู้คืน",
            en="Now the six digits from your authenticator app, or a recovery code.",
        ),
    )


def closed(state: str) -> NotAllowed:
    """Told to whoever has shown the right password only."""
    said = {
        "suspended": Words(
            th="บัญชีนี้ถูกระงับ ติดต่อผู้ดูแลระบบของสถานี",
            en="This account is suspended; ask the station's administrator.",
        ),
        "expired": Words(
            th="บัญชีนี้หมดอายุแล้ว ขอให้ผู้ดูแลระบบของสถานีกำหนดวันใหม่",
            en="This account has expired; ask the station's administrator for a later day.",
        ),
        "no_second_factor": Words(
            th="บทบาทนี้ต้องมีการยืนยันตัวตนขั้นที่สอง แต่บัญชียังไม่ได้ตั้ง: ขอลิงก์ใหม่จากผู้ดูแลระบบ",
            en="Your role takes a second factor and this account has none: ask the administrator for a new link.",
        ),
    }
    return NotAllowed(f"account_{state}", said[state])


NO_ACCOUNT: Final = Words(
    th="ไม่พบบัญชีนี้ เปิดรายชื่อบัญชีใหม่เพื่อดูว่ามีใครบ้าง",
    en="There is no such account; open the list of accounts anew to see which there are.",
)


def no_account() -> NotFound:
    """Neither here nor anywhere that this identity may see."""
    return NotFound("no_account", NO_ACCOUNT)


def no_session() -> NotFound:
    """Not there, or not theirs."""
    return NotFound(
        "no_session",
        Words(
            th="ไม่พบการเข้าใช้นี้ อาจสิ้นสุดไปแล้ว เปิดรายการใหม่เพื่อดูว่ายังมีอะไรเปิดอยู่",
            en="There is no such session; it may have ended. Open the list anew to see which are open.",
        ),
    )


def bad_login() -> Invalid:
    """No name like this."""
    return Invalid(
        "bad_login",
        Words(
            th="ชื่อผู้ใช้ใช้ตัวอักษร ตัวเลข และ . _ - รวม 2–40 ตัว โดยไม่ขึ้นต้นด้วยเครื่องหมาย เช่น somchai.j",
            en="Use 2 to 40 letters, digits and . _ - for a user name, with none of these signs first: somchai.j, for instance.",
        ),
        field="login",
    )


def login_taken(login: str) -> Conflict:
    """Names are given once."""
    return Conflict(
        "login_taken",
        Words(
            th=f"มีชื่อผู้ใช้ “{login}” แล้ว (ชื่อของบัญชีที่ลบแล้วใช้ซ้ำไม่ได้) เลือกชื่ออื่น",
            en=f"There is a “{login}” already (also that of an erased account is not given again); choose another.",
        ),
    )


def last_admin() -> Conflict:
    """Somebody must be able to look after the station."""
    return Conflict(
        "last_admin",
        Words(
            th="นี่คือผู้ดูแลระบบคนสุดท้ายที่ใช้งานได้ ตั้งผู้ดูแลระบบอีกคนก่อน",
            en="This is the last administrator who can sign in; make another one first.",
        ),
    )


def wrong_state(state: str) -> Conflict:
    """Not with an account as it is now."""
    names = {
        "invited": "รอตั้งรหัสผ่าน",
        "active": "ใช้งาน",
        "suspended": "ระงับ",
        "expired": "หมดอายุ",
        "erased": "ลบแล้ว",
    }
    return Conflict(
        "wrong_state",
        Words(
            th=f"ทำไม่ได้กับบัญชีในสถานะ “{names.get(state, state)}” เปิดรายชื่อบัญชีใหม่เพื่อดูว่าทำอะไรได้",
            en=f"This cannot be done with an account that is {state}; open the list of accounts anew to see what can.",
        ),
    )


def has_ended() -> Invalid:
    """An account that would have expired already."""
    return Invalid(
        "expires_in_the_past",
        Words(
            th="วันหมดอายุต้องอยู่ในอนาคต เลือกวันหลังวันนี้",
            en="The account must expire in the future; choose a later day.",
        ),
        field="expires_at",
    )


def second_factor_needed() -> Invalid:
    """A password alone is not enough for this role."""
    return Invalid(
        "second_factor_needed",
        Words(
            th="บทบาทนี้ต้องมีการยืนยันตัวตนขั้นที่สอง: ตั้งแอปยืนยันตัวตนด้วย",
            en="This role takes a second factor: set up an authenticator app too.",
        ),
        field="totp_code",
    )


def bad_code() -> Invalid:
    """Not the code of the app that is being set up."""
    return Invalid(
        "bad_code",
        Words(
            th="รหัส 6 หลักไม่ถูกต้อง ตรวจเวลาของโทรศัพท์ แล้วใส่รหัสล่าสุด",
            en="The six digits are not right: check the telephone's clock and type the newest ones.",
        ),
        field="totp_code",
    )


def weak_password(words: Words) -> Invalid:
    """Too short, or too easy to guess."""
    return Invalid("weak_password", words, field="password")


def no_account_of_yours() -> NotAllowed:
    """A token or a link is nobody’s account."""
    return NotAllowed(
        "no_account",
        Words(
            th="เข้าใช้ด้วยโทเค็นหรือลิงก์ จึงไม่มีบัญชีให้ตั้งค่า: ลงชื่อเข้าใช้ด้วยชื่อและรหัสผ่าน",
            en="You are here by a token or a link and have no account: sign in with a name and a password.",
        ),
    )


def step_up_needed() -> Refused:
    """The page asks for password and code, or a passkey, and tries again."""
    return NotAllowed(
        "step_up_needed",
        Words(
            th="ยืนยันตัวตนอีกครั้งก่อนทำรายการนี้: รหัสผ่านและรหัส 6 หลัก หรือกุญแจผ่าน",
            en="Prove once more who you are, with password and code or a passkey, and then do this again.",
        ),
    )


def exports_not_given() -> NotAllowed:
    """A machine exports only when it was given out for that."""
    return NotAllowed(
        "exports_not_given",
        Words(
            th="โทเค็นนี้ส่งออกข้อมูลไม่ได้: ผู้ดูแลระบบต้องออกโทเค็นที่ให้สิทธิ์ส่งออก หรือลงชื่อเข้าใช้ด้วยบัญชี",
            en="This token may not export: an administrator gives out one that may, or sign in with an account.",
        ),
    )
