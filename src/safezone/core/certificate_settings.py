"""What a station can set about getting its certificate by itself (ACME), and what of it contradicts itself."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

from safezone.core.i18n import Words

LETS_ENCRYPT: Final = "https://acme-v02.api.letsencrypt.org/directory"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
_ADDRESS: Final = re.compile(r"https://(\[[0-9a-f:.]+\]|[^/\s?#@:\[\]]+)(?::\d{1,5})?(?:[/?][^\s#]*)?")


class Contradiction(ValueError):
    """Settings that cannot both be meant, or that lack another one; said in both languages."""

    def __init__(self, th: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(th=th, en=en)


class Acme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate that the program gets and renews by itself (ACME, HTTP-01), with `safezone up`."""

    domains: tuple[str, ...] = ()
    """The public names of this station, such as `["zone.example.go.th"]`, the first one first; empty: no certificate is asked
    for. A name in Thai is written as `xn--…`."""
    directory_url: str = LETS_ENCRYPT
    """The directory of the certificate authority: Let's Encrypt's by default. Nothing but this host is ever asked."""
    directory_ca_file: str = ""
    """Certificate authority (PEM) by which the directory's own TLS is checked, for a private one such as step-ca; empty:
    those of the machine."""
    terms_agreed: bool = False
    """You have read the terms of that authority and agree to them. Without it no account is opened there."""
    email: str = ""
    """Where the authority may write to; empty: nowhere."""
    challenge_host: str = ""
    """Address on which the authority's question is answered, and everything else is sent to https; empty: `[web] host`."""
    challenge_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 80
    """Port for it. The authority asks port 80 of each name: another one here needs a router that passes it on."""
    eab_key_id: str = ""
    """Key id of an external account binding, where the authority asks for one."""
    eab_key_file: str = ""
    """File with its HMAC key, in base64url as the authority gave it."""

    @property
    def is_on(self) -> bool:
        """Whether a certificate is to be got."""
        return bool(self.domains)


def check_acme(acme: Acme, *, given: bool, behind_proxy: bool, public_url: str, web: tuple[str, int]) -> None:
    """Contradiction when a certificate is to be got and cannot be. `given`: there are files of one; `web`: host and port."""
    if not acme.is_on:
        if acme != Acme():
            raise Contradiction(
                "[acme] ต้องมี domains: จะขอใบรับรองให้ชื่อใด",
                "[acme] needs domains: for which names is a certificate asked?",
            )
        return
    for name in acme.domains:
        if not _NAME.fullmatch(name):
            raise Contradiction(
                f"[acme] domains: {name!r} ไม่ใช่ชื่อที่ขอใบรับรองแบบนี้ได้ ใช้ชื่อเต็มตัวพิมพ์เล็ก ไม่มี * และไม่ใช่เลข IP "
                "(ชื่อภาษาไทยเขียนเป็น xn--…)",
                f"[acme] domains: {name!r} is no name that a certificate can be had for in this way: a whole name in small "
                "letters, without *, and no IP address (a name in Thai is written as xn--…)",
            )
    if given:
        raise Contradiction(
            "[acme] domains กับ [web] tls_certificate_file ใช้ด้วยกันไม่ได้: เลือกอย่างใดอย่างหนึ่ง",
            "[acme] domains and [web] tls_certificate_file: one or the other, not both",
        )
    if behind_proxy:
        raise Contradiction(
            "[acme] domains กับ [web] behind_tls_proxy ใช้ด้วยกันไม่ได้: พร็อกซีเป็นผู้รับ TLS ให้พร็อกซีขอใบรับรอง",
            "[acme] domains and [web] behind_tls_proxy: the proxy takes TLS, so the proxy gets the certificate",
        )
    _check_directory(acme)
    if public_url and _host_of(public_url) not in acme.domains:
        raise Contradiction(
            f"[web] public_url ({public_url}) ไม่อยู่ใน [acme] domains: เบราว์เซอร์จะไม่เชื่อใบรับรอง",
            f"[web] public_url ({public_url}) is not among [acme] domains: browsers would not believe the certificate",
        )
    if web == (acme.challenge_host or web[0], acme.challenge_port):
        raise Contradiction(
            f"[acme] challenge_port กับ [web] port เป็นเลขเดียวกัน ({acme.challenge_port}): ใช้คนละพอร์ต",
            f"[acme] challenge_port and [web] port are the same ({acme.challenge_port}): give them two",
        )


def _check_directory(acme: Acme) -> None:
    host = _host_of(acme.directory_url)
    if host is None:
        raise Contradiction(
            f"[acme] directory_url ต้องขึ้นต้นด้วย https:// ไม่ใช่ {acme.directory_url!r}",
            f"[acme] directory_url begins with https://, not {acme.directory_url!r}",
        )
    if not acme.terms_agreed:
        raise Contradiction(
            f"[acme] ต้องมี terms_agreed = true: อ่านข้อกำหนดของ {host} แล้วยอมรับก่อน",
            f"[acme] needs terms_agreed = true: read the terms of {host}, and agree to them",
        )
    if bool(acme.eab_key_id) != bool(acme.eab_key_file):
        raise Contradiction(
            "[acme] eab_key_id และ eab_key_file ต้องมีทั้งคู่หรือไม่มีเลย",
            "[acme] eab_key_id and eab_key_file are given both or not at all",
        )


def _host_of(url: str) -> str | None:
    """The host of an https address; None for anything else."""
    found = _ADDRESS.fullmatch(url)
    return found[1].lower() if found else None
