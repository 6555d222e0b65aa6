"""One order at the authority, from the account to the certificate, by certbot's library (RFC 8555). Blocking."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import requests
from acme import challenges, crypto_util, errors, messages
from acme.client import ClientV2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy import jwk
from josepy.errors import Error as JoseError

from safezone.core.certificate_settings import Acme
from safezone.core.durable import write_durably
from safezone.core.i18n import Words
from safezone.entrypoints.acme.folder import Account, AcmeFolder, life_in, pem_of
from safezone.entrypoints.acme.network import Elsewhere, Network

ORDER_WITHIN: Final = timedelta(minutes=3)

Answer = TypeVar("Answer")
Show = Callable[[str, str], None]
"""What is shown under a token from now on, for whoever asks."""


class NoCertificate(Exception):
    """An order came to nothing; `words` say why and what to do."""

    def __init__(self, words: Words, *, reached: bool, wait_s: int | None = None) -> None:
        super().__init__(words.en)
        self.words = words
        self.reached = reached
        """Whether the authority answered."""
        self.wait_s = wait_s
        """How long it asked us to wait."""


class Authority:
    """The authority of the settings, and our account there."""

    def __init__(self, acme: Acme, folder: AcmeFolder) -> None:
        self._acme = acme
        self._folder = folder
        key = jwk.JWKEC(key=folder.account_key())
        self._network = Network(key, acme.directory_url, acme.directory_ca_file)

    def order(self, show: Show) -> bytes:
        """A new certificate with its chain and its key (PEM); NoCertificate says why there is none."""
        return self._told(lambda: self._order(show))

    def suggested(self, pem: bytes) -> tuple[datetime | None, datetime]:
        """When the authority would have this certificate renewed, and when to ask it again (ARI)."""
        return self._told(lambda: self._suggested(pem))

    def _order(self, show: Show) -> bytes:
        client = self._client()
        self._sign_in(client)
        key = pem_of(ec.generate_private_key(ec.SECP256R1()))
        order = client.new_order(crypto_util.make_csr(key, list(self._acme.domains)))
        for each in order.authorizations:
            if each.body.status != messages.STATUS_VALID:
                self._answer(client, each.body, show)
        # The library compares it with the clock on the wall of this machine, without a zone.
        until = datetime.now() + ORDER_WITHIN  # noqa: DTZ005
        order = client.poll_authorizations(order, until)
        # The library takes a refusal without a reason for none, and would ask on until the time is over.
        refused = [each for each in order.authorizations if each.body.status != messages.STATUS_VALID]
        if refused:
            raise errors.ValidationError(refused)
        chain = client.finalize_order(order, until).fullchain_pem.encode("ascii")
        self._check(chain, key)
        return chain.strip() + b"\n" + key

    def _client(self) -> ClientV2:
        directory = ClientV2.get_directory(self._acme.directory_url, self._network)
        return ClientV2(directory, self._network)

    def _sign_in(self, client: ClientV2) -> None:
        """The account is there, with the address that the settings name."""
        known = self._folder.account(self._acme.directory_url)
        if known is not None and known.email == self._acme.email:
            self._network.account = messages.RegistrationResource(uri=known.uri, body=messages.Registration())
            try:
                client.query_registration(self._network.account)
            except messages.Error as problem:
                if problem.code != "accountDoesNotExist":
                    raise
            else:
                return
        self._network.account = None
        email = self._acme.email or None
        wanted = messages.NewRegistration.from_data(
            email=email,
            terms_of_service_agreed=True,
            **({"external_account_binding": binding} if (binding := self._binding(client)) else {}),
        )
        try:
            uri = client.new_account(wanted).uri
        except errors.ConflictError as there:
            uri = there.location
            known_there = messages.RegistrationResource(
                uri=uri, body=messages.Registration.from_data(email=email)
            )
            self._network.account = known_there
            client.update_registration(known_there)
        account = Account(self._acme.directory_url, uri, self._acme.email)
        write_durably(self._folder.account_file, msgspec.json.encode(account))

    def _binding(self, client: ClientV2) -> Any:
        if self._acme.eab_key_id:
            try:
                key = Path(self._acme.eab_key_file).read_text("ascii").strip()
            except (OSError, ValueError) as problem:
                raise NoCertificate(
                    _no_binding_file(self._acme.eab_key_file, problem), reached=False
                ) from problem
            return messages.ExternalAccountBinding.from_data(
                account_public_key=self._network.key.public_key(),  # type: ignore[union-attr]
                kid=self._acme.eab_key_id,
                hmac_key=key,
                directory=client.directory,
            )
        if client.external_account_required():
            raise NoCertificate(_NEEDS_BINDING, reached=True)
        return None

    def _answer(self, client: ClientV2, body: messages.Authorization, show: Show) -> None:
        """What the authority will ask for on port 80 is shown there, and it is told so."""
        for each in body.challenges:
            if isinstance(each.chall, challenges.HTTP01):
                response, validation = each.response_and_validation(self._network.key)
                show(each.chall.encode("token"), validation)
                client.answer_challenge(each, response)
                return
        raise NoCertificate(_no_http01(body.identifier.value), reached=True)

    def _check(self, chain: bytes, key: bytes) -> None:
        """It is for our names and our key: nothing else is put in place of what works."""
        leaf = x509.load_pem_x509_certificates(chain)[0]
        ours = serialization.load_pem_private_key(key, None).public_key()
        if leaf.public_key() != ours or not life_in(chain).names >= set(self._acme.domains):
            raise NoCertificate(_NOT_OURS, reached=True)

    def _suggested(self, pem: bytes) -> tuple[datetime | None, datetime]:
        at, again = self._client().renewal_time(pem)
        # The library says this by the clock on the wall; the window itself has a zone.
        later = max(again.astimezone(UTC), datetime.now(UTC) + timedelta(hours=1))
        return (None if at is None else at.astimezone(UTC)), later + timedelta(minutes=random.randrange(30))  # noqa: S311

    def _told(self, work: Callable[[], Answer]) -> Answer:
        host = self._acme.directory_url
        try:
            return work()
        except requests.exceptions.SSLError as problem:
            raise NoCertificate(_untrusted(host, problem), reached=False) from problem
        except (requests.exceptions.RequestException, OSError) as problem:
            raise NoCertificate(_silent(host, problem), reached=False) from problem
        except errors.ValidationError as problem:
            raise NoCertificate(_not_reached(problem), reached=True) from problem
        except messages.Error as problem:
            words = _refused(host, f"{problem.code or problem.typ}: {problem.detail}")
            raise NoCertificate(words, reached=True, wait_s=self._network.host.retry_after_s) from problem
        except (
            errors.Error,
            Elsewhere,
            JoseError,
            ValueError,
            KeyError,
            AttributeError,
        ) as problem:
            raise NoCertificate(_refused(host, repr(problem)), reached=True) from problem
        finally:
            self._network.session.close()


def _plain(said: object) -> str:
    """What somebody else has written, for a line on a screen."""
    return "".join(each if each.isprintable() else " " for each in str(said))[:300]


def _cause(problem: BaseException) -> str:
    """What lies at the bottom of it: the library wraps it four times."""
    said = problem
    while (inner := said.__cause__ or said.__context__) is not None:
        said = inner
    return _plain(said)


def _untrusted(url: str, problem: Exception) -> Words:
    return Words(
        th=f"ไม่เชื่อใบรับรองของ {url}: ตั้ง [acme] directory_ca_file เป็น CA ของหน่วยงาน ({_cause(problem)})",
        en=f"The TLS of {url} is not trusted: for an authority of your own set [acme] directory_ca_file ({_cause(problem)})",
    )


def _silent(url: str, problem: Exception) -> Words:
    return Words(
        th=f"{url} ไม่ตอบ: ตรวจอินเทอร์เน็ต DNS และไฟร์วอลล์ขาออก ({_cause(problem)})",
        en=f"{url} does not answer: check the line out, DNS and the firewall ({_cause(problem)})",
    )


def _refused(url: str, said: str) -> Words:
    return Words(th=f"{url} ไม่ออกใบรับรองให้: {_plain(said)}", en=f"{url} gives no certificate: {_plain(said)}")


def _not_reached(problem: errors.ValidationError) -> Words:
    said = [
        f"{each.body.identifier.value}: {challenge.error.detail}"
        for each in problem.failed_authzrs
        for challenge in each.body.challenges
        if challenge.error is not None
    ]
    what = _plain("; ".join(said or [each.body.identifier.value for each in problem.failed_authzrs]))
    return Words(
        th=f"ผู้ออกใบรับรองเปิด http://…/.well-known/acme-challenge/ ของสถานีไม่ได้: ตรวจว่าชื่อชี้มาที่นี่ และพอร์ต 80 เข้าถึงได้ ({what})",
        en="The authority could not open the station's http://…/.well-known/acme-challenge/: check that the name leads here "
        f"and that port 80 is let in ({what})",
    )


def _no_http01(name: str) -> Words:
    return Words(
        th=f"ผู้ออกใบรับรองไม่ใช้ HTTP-01 กับ {name}: สถานีนี้ใช้วิธีอื่นไม่ได้",
        en=f"The authority offers no HTTP-01 for {name}, and this program knows no other way.",
    )


def _no_binding_file(file: str, problem: Exception) -> Words:
    return Words(
        th=f"อ่าน [acme] eab_key_file {file} ไม่ได้: {_plain(problem)}",
        en=f"[acme] eab_key_file {file} cannot be read: {_plain(problem)}",
    )


_NEEDS_BINDING: Final = Words(
    th="ผู้ออกใบรับรองต้องการ external account binding: ตั้ง [acme] eab_key_id และ eab_key_file",
    en="The authority asks for an external account binding: set [acme] eab_key_id and eab_key_file.",
)
_NOT_OURS: Final = Words(
    th="ใบรับรองที่ได้มาไม่ใช่ของชื่อหรือกุญแจของเรา จึงไม่ใช้",
    en="What the authority sent is not for our names or not for our key: it is not used.",
)
