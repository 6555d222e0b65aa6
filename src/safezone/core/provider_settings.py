"""What a station can set about signing in with a provider of accounts."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

_ADDRESS: Final = re.compile(
    r"(https://[^/\s?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s?#]*)?"
)


def check_address(name: str, address: str) -> None:
    """ValueError when this is no address of a web site by TLS, or of one on this machine."""
    if address and not _ADDRESS.fullmatch(address):
        raise ValueError(f"{name} must be an https address (http on this machine only), not {address!r}")


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signing in with the account of a provider that speaks OpenID Connect; it opens accounts that exist, and makes none."""

    issuer: str = ""
    """The provider's issuer, such as `https://login.example.go.th/realms/police`; empty: there is no such button."""
    client_id: str = ""
    """As what this station is registered there."""
    client_secret_file: str = ""
    """File with the client's secret; empty for a client without one (PKCE is used either way)."""
    label_th: str = "บัญชีของหน่วยงาน"
    """What the button says, in Thai."""
    label_en: str = "your organisation's account"
    """What the button says, in English."""
    endpoint_hosts: tuple[str, ...] = ()
    """Other hosts than the issuer's where the provider has its endpoints; nothing else is ever asked."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What is asked for."""
    login_claim: str = ""
    """The claim that equals the name of the account here, such as `preferred_username` or `employee_number`: by it an account
    is linked at the first sign-in. `email`, when the provider has verified it, gives the name before `@email_domain`.
    Empty: accounts are linked by their owners alone."""
    email_domain: str = ""
    """Whose addresses count where `login_claim` is `email`, such as `police.example.go.th`."""
    groups_claim: str = "groups"
    """The claim with the groups of `allowed_groups`."""
    allowed_groups: tuple[str, ...] = ()
    """Who is in none of these is not let in; empty: everybody whose account is linked."""
    trusted_amr: tuple[str, ...] = ()
    """Methods (`amr`), such as `mfa` or `otp`, with which the provider's own second factor is enough."""
    trusted_acr: tuple[str, ...] = ()
    """Levels (`acr`) with which the provider's own second factor is enough."""
    clock_skew_s: Annotated[int, msgspec.Meta(ge=0, le=600)] = 60
    """How far the provider's clock may be from ours."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=30)] = 5
    """How long the provider may take for one answer."""

    def __post_init__(self) -> None:
        if self.issuer and not self.client_id:
            raise ValueError("[oidc] issuer needs client_id")
        check_address("[oidc] issuer", self.issuer)
        if self.login_claim == "email" and not self.email_domain:
            raise ValueError('[oidc] login_claim = "email" needs email_domain: whose addresses count?')
        if "openid" not in self.scopes:
            raise ValueError("[oidc] scopes must have openid")
