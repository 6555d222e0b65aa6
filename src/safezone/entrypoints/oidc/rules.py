"""What the provider's word about somebody is worth here: decided without clock, SQL or network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safezone.core.accounts.rules import normal_login
from safezone.core.provider_settings import Oidc


def login_in(claims: Mapping[str, Any], settings: Oidc) -> str | None:
    """The name of the account that this claim would open; None when the settings want none, or it is not vouched for."""
    said = claims.get(settings.login_claim) if settings.login_claim else None
    if not isinstance(said, str):
        return None
    if settings.login_claim != "email":
        return normal_login(said)
    # Whoever can have any address at the provider must not become anybody here by it.
    name, _, domain = said.rpartition("@")
    ours = claims.get("email_verified") is True and domain.lower() == settings.email_domain.lower()
    return normal_login(name) if ours else None


def is_in_group(claims: Mapping[str, Any], settings: Oidc) -> bool:
    """Whether the provider says that somebody is in one of the groups that are let in."""
    if not settings.allowed_groups:
        return True
    said = claims.get(settings.groups_claim)
    groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return any(group in settings.allowed_groups for group in groups if isinstance(group, str))


def has_second_factor(claims: Mapping[str, Any], settings: Oidc) -> bool:
    """Whether the provider has asked for a second factor, in words that the settings trust."""
    amr = claims.get("amr")
    methods = amr if isinstance(amr, list) else []
    return any(each in settings.trusted_amr for each in methods if isinstance(each, str)) or (
        claims.get("acr") in settings.trusted_acr
    )
