"""Whether what a browser's authenticator says is good: WebAuthn, with the user verified, at our own address, once."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from safezone.core.accounts.passkeys import KeyContent, Passkey, Signed
from safezone.core.desk import Desk
from safezone.core.errors import NotSignedIn
from safezone.core.i18n import Words
from safezone.entrypoints import ticket
from safezone.entrypoints.people.entering import site_of

logger = logging.getLogger("safezone.passkeys")

TO_SIGN_IN: Final = "passkey"
TO_ADD: Final = "passkey_new"
LIFETIME: Final = timedelta(minutes=5)


class Challenge(msgspec.Struct, frozen=True):
    """What the browser was asked to sign; it carries this itself, sealed, until it answers."""

    random: str
    address: str
    account_id: str | None = None


class Added(msgspec.Struct, frozen=True):
    """A new key, as the authenticator has shown it."""

    content: KeyContent
    sign_count: int
    backed_up: bool


def not_taken() -> NotSignedIn:
    """One answer for whatever is wrong with it."""
    return NotSignedIn(
        "bad_passkey",
        Words(
            th="กุญแจนี้ใช้ไม่ได้ที่นี่: อาจถูกลบ หมดเวลา หรือเป็นของที่อยู่อื่น ลองใหม่ หรือใช้รหัสผ่าน",
            en="This passkey is not taken here: it was removed, took too long, or belongs elsewhere. Try again, "
            "or use your password.",
        ),
    )


def challenge(address: str, account_id: str | None = None) -> Challenge:
    """A new one; Invalid where browsers make no passkeys."""
    site_of(address)
    return Challenge(secrets.token_urlsafe(32), address, account_id)


def options_to_add(made: Challenge, login: str, before: list[Passkey]) -> bytes:
    """What the browser is told to make a key: kept in the device, its user verified, none that it has already."""
    import webauthn  # noqa: PLC0415 - loading takes a quarter of a second
    from webauthn.helpers import structs  # noqa: PLC0415 - as above

    options = webauthn.generate_registration_options(
        rp_id=site_of(made.address),
        rp_name="Safe Zone · เซฟโซน",
        user_id=UUID(made.account_id or "").bytes,
        user_name=login,
        user_display_name=login,
        challenge=made.random.encode(),
        timeout=int(LIFETIME.total_seconds() * 1000),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=each.content.credential_id) for each in before
        ],
    )
    return webauthn.options_to_json(options).encode()


def options_to_sign(made: Challenge, keys: list[Passkey]) -> bytes:
    """What the browser is told to sign with a key: any that it has for us, or one of these."""
    import webauthn  # noqa: PLC0415 - loading takes a quarter of a second
    from webauthn.helpers import structs  # noqa: PLC0415 - as above

    options = webauthn.generate_authentication_options(
        rp_id=site_of(made.address),
        challenge=made.random.encode(),
        timeout=int(LIFETIME.total_seconds() * 1000),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
        allow_credentials=[
            structs.PublicKeyCredentialDescriptor(id=each.content.credential_id) for each in keys
        ],
    )
    return webauthn.options_to_json(options).encode()


def check_added(made: Challenge, name: str, said: dict[str, Any]) -> Added:
    """The new key; NotSignedIn when what the authenticator says is not good."""
    import webauthn  # noqa: PLC0415 - loading takes a quarter of a second

    site = site_of(made.address)
    try:
        good = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=made.random.encode(),
            expected_rp_id=site,
            expected_origin=made.address,
            require_user_verification=True,
        )
    except Exception as problem:
        # Whatever a stranger sends: the library and what it stands on have no common error.
        logger.info("a new passkey was not taken: %r", problem)
        raise not_taken() from None
    content = KeyContent(name, good.credential_id, good.credential_public_key, site)
    return Added(content, good.sign_count, good.credential_backed_up)


def account_in(said: dict[str, Any]) -> str:
    """The account that a key with a name in it speaks of; NotSignedIn when it speaks of none."""
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415 - loading takes a quarter of a second

    try:
        return str(UUID(bytes=base64url_to_bytes(said["response"]["userHandle"])))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise not_taken() from None


def check_signed(made: Challenge, keys: list[Passkey], said: dict[str, Any]) -> Signed:
    """Which of these keys has signed the challenge; NotSignedIn when none has, or for another site."""
    import webauthn  # noqa: PLC0415 - loading takes a quarter of a second
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415 - as above

    site = site_of(made.address)
    try:
        wanted = base64url_to_bytes(said["rawId"])
        key = next(
            each for each in keys if each.content.credential_id == wanted and each.content.rp_id == site
        )
        good = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=made.random.encode(),
            expected_rp_id=site,
            expected_origin=made.address,
            credential_public_key=key.content.public_key,
            # Whether the counter went back is decided where it is written down.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (Exception, StopIteration) as problem:
        logger.info("a passkey was not taken: %r", problem)
        raise not_taken() from None
    return Signed(key.id, made.random, good.new_sign_count, good.credential_backed_up)


def carried(desk: Desk, purpose: str, text: str) -> Challenge:
    """What this browser was asked; NotSignedIn when it was asked nothing, or too long ago."""
    made = ticket.unseal(desk, purpose, text, Challenge)
    if made is None:
        raise not_taken()
    return made
