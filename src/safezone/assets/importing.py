"""A list of equipment becomes entries of the register: checked row by row, shown before anything is stored, all or nothing.

The same list again changes nothing. A cell that is empty leaves what is written down of a thing that is there already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection, select

from safezone.assets import store
from safezone.assets.columns import (
    day_of,
    day_words,
    guessed_day_of,
    kind_of,
    lifecycle_of,
    named_cells,
    satang_of,
    unplain,
    year_of,
)
from safezone.assets.headings import heading_of
from safezone.assets.kinds import KINDS
from safezone.assets.placing import Placing
from safezone.assets.register import KEEPERS, Known, facts_of
from safezone.assets.rules_lifecycle import STATES, lacks_for_service, may_reach
from safezone.assets.store_upkeep import find_loans
from safezone.assets.tables import asset
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.assets import AssetFacts, Lifecycle
from safezone.zone.findings import Finding, Findings
from safezone.zone.queries import find_station
from safezone.zone.sheets import Once, Row
from safezone.zone.spots import THAI_DIGITS

MOST_SHOWN: Final = 300
ASKED: Final = (
    "read_as_metres", "outside_thailand", "sheet_left_out", "row_left_out", "day_guessed", "far_from_zone",
)  # fmt: skip
"""What is not wrong, and yet not stored before somebody has said that it is meant."""
_IN_ONE_QUESTION: Final = 500


_KINDS: Final = ", ".join(f"{kind.name.th} ({kind.id})" for kind in KINDS.values())
"""As a person reads it, and as a list may have it."""


_STATES: Final = ", ".join(f"{words.th} ({state})" for state, words in STATES.items())


class Defaults(msgspec.Struct, frozen=True):
    """What holds for every row whose cell is empty or whose column is missing, unless the register knows better."""

    kind: str | None = None
    lifecycle: Lifecycle | None = None
    owner_id: str | None = None


class ImportReport(msgspec.Struct, frozen=True):
    """What a list would change, or has changed; the lists of findings are cut at 300, their numbers are whole."""

    file: str
    digest: str
    rows: int
    new: int
    changed: int
    unchanged: int
    problems: list[Finding]
    problem_count: int
    questions: list[Finding]
    question_count: int
    notices: list[Finding]
    stored: bool
    seconds: float = 0.0


class Ground(msgspec.Struct):
    """What the rows are held against."""

    known: Known
    there: dict[str, AssetFacts]
    version: str | None
    middle: Point | None
    synthetic: bool
    lent: Mapping[str, str]


def read_ground(conn: Connection, identity: Identity, codes: Sequence[str]) -> Ground:
    """The register as it stands, as far as a list with these codes has to do with it."""
    identity.require(*KEEPERS)
    ids = sorted({code.strip().lower() for code in codes})
    there, lent = dict[str, AssetFacts](), dict[str, str]()
    for start in range(0, len(ids), _IN_ONE_QUESTION):
        some = asset.c.id.in_(ids[start : start + _IN_ONE_QUESTION])
        rows = conn.execute(select(asset).where(asset.c.station == identity.station, some))
        there |= {row.id: facts_of(row) for row in rows}
        lent |= find_loans(conn, identity.station, ids[start : start + _IN_ONE_QUESTION])
    station = find_station(conn, identity.station)
    return Ground(
        known=Known.read(conn, identity.station),
        there=there,
        version=store.find_version(conn, identity.station),
        middle=None if station is None else station.center,
        synthetic=station is not None and station.synthetic,
        lent=lent,
    )


class Plan:
    """Takes up the rows of one list, a few at a time, and knows at the end what is to be done."""

    def __init__(
        self, rows: Sequence[Sequence[str]], name: str, defaults: Defaults, findings: Findings
    ) -> None:
        self._name, self._defaults, self._findings = name, defaults, findings
        heading = heading_of(rows)
        self.at = heading.at
        self._rows = [
            (number, named)
            for number, cells in enumerate(rows[heading.line :], start=heading.line + 1)
            if any(cell.strip() for cell in cells) and (named := self._read(number, cells))
        ]
        self._placing = Placing([(number, cells) for number, cells in self._rows])
        self._once = Once()
        self._kind_asked = False
        self.new: list[AssetFacts] = []
        self.changed: list[AssetFacts] = []
        self.unchanged = 0
        if rows and "code" not in self.at:
            found = ", ".join(" ".join(name.split()) for name in heading.names if name.strip())
            findings.problem(name, "column_missing", heading.line, "code", value=found[:200] or "—")
        read = set(self.at.values())
        for place, said in enumerate(heading.names):
            if said.strip() and place not in read:
                findings.notice(name, "column_unknown", heading.line, " ".join(said.split())[:60])

    def _read(self, number: int, cells: Sequence[str]) -> dict[str, str]:
        """The cells of ours in a line; none, and it is said, when it tells of no thing: a subtitle, a sum, a remark."""
        named = named_cells(cells, self.at)
        if "code" in self.at and not named.get("code") and sum(map(bool, named.values())) <= 1:
            said = next((cell.strip() for cell in cells if cell.strip()), "")
            self._findings.notice(self._name, "row_left_out", number, value=" ".join(said.split())[:60])
            return {}
        return {**named, "code": named.get("code", "").translate(THAI_DIGITS)}

    @property
    def codes(self) -> list[str]:
        """The codes of the list, as they stand there."""
        return [cells.get("code", "") for _, cells in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def stand_on(self, ground: Ground) -> None:
        """The rows are held against this; sites of the list itself may be named by its other rows."""
        self.ground = ground
        self._placing.stand_on(ground.middle)
        for _, cells in self._rows:
            if self._kind(cells) == "camera_site" and cells.get("code"):
                placed = self._placing.says(cells)
                site_id = cells["code"].lower()
                ground.known.sites[site_id] = placed or ground.known.sites.get(site_id, False)

    def take(self, start: int, stop: int) -> None:
        """These rows are looked at."""
        for number, cells in self._rows[start:stop]:
            row = Row(
                self._name, number, {name: unplain(value) for name, value in cells.items()}, self._findings
            )
            before = len(self._findings.problems)
            facts = self._facts(row, cells)
            if facts is None or len(self._findings.problems) > before:
                continue
            there = self.ground.there.get(facts.id)
            if there is None:
                self.new.append(facts)
            elif there != facts:
                self.changed.append(facts)
            else:
                self.unchanged += 1

    def _kind(self, cells: Mapping[str, str]) -> str | None:
        said = cells.get("kind", "")
        return kind_of(said) if said else self._defaults.kind

    def _facts(self, row: Row, cells: Mapping[str, str]) -> AssetFacts | None:
        """What the row says; None when that cannot be known. Every cell is looked at, also beside one that is wrong."""
        code = row.code("code")
        alone = self._once.take(row, "code", code)
        there = self.ground.there.get(code.lower()) if alone else None
        kind = self._kind_of(row, cells, there)
        texts = self._texts(row, there)
        given = {**texts, **self._amounts(row, cells), **self._belongings(row, cells, kind, there)}
        lifecycle = self._lifecycle(row, cells, there)
        point = self._placing.point(row, cells)
        if point is not None and not given.get("site_id"):
            given["point"] = point
        if there is None and "name" not in given:
            row.problem("empty", "name_th")
        if not alone or kind is None or (there is None and "name" not in given):
            return None
        if there is not None:
            facts = msgspec.structs.replace(there, lifecycle=lifecycle, **given)
            if given.get("site_id"):
                facts = msgspec.structs.replace(facts, point=None)
        else:
            given.setdefault("owner", Words("", ""))
            facts = AssetFacts(
                id=code.lower(),
                kind=kind,
                code=code,
                lifecycle=lifecycle,
                synthetic=self.ground.synthetic,
                **given,
            )
        return self._whole(row, facts)

    def _kind_of(self, row: Row, cells: Mapping[str, str], there: AssetFacts | None) -> str | None:
        kind = self._kind(cells) if cells.get("kind") or there is None else there.kind
        if kind is None and "kind" not in self.at:
            if not self._kind_asked:  # what is wrong with the list as a whole is said once
                self._kind_asked = True
                self._findings.problem(self._name, "kind_missing", 1, "kind", limit=_KINDS)
        elif kind is None:
            row.problem("unknown_kind", "kind", value=cells.get("kind") or "—", limit=_KINDS)
        elif there is not None and there.kind != kind:
            row.problem("other_kind", "kind", value=kind, limit=there.kind)
            return None
        return kind

    def _whole(self, row: Row, facts: AssetFacts) -> AssetFacts:
        """With everything that it takes to be in service."""
        owner_id = facts.owner_id
        if owner_id is not None and owner_id in self.ground.known.owners:
            facts = msgspec.structs.replace(facts, owner=self.ground.known.owners[owner_id])
        if facts.lifecycle == "in_service":
            has_place = self.ground.known.has_place(facts)
            lacking = lacks_for_service(has_place=has_place, has_owner=bool(facts.owner.th))
            for what in lacking:
                row.problem("lacks", "lifecycle", value=what)
        return facts

    def _texts(self, row: Row, there: AssetFacts | None) -> dict[str, Any]:
        given: dict[str, Any] = {
            name: row.text(name) for name in ("model", "legal_basis", "budget_line") if row.has(name)
        }
        if row.has("name_th") or (there is not None and row.has("name_en")):
            before = there.name if there is not None else Words("", "")
            th = row.text("name_th") if row.has("name_th") else before.th
            # A name that nobody has written in English is the Thai one; one that somebody has written stays.
            untold = th if before.en == before.th else before.en
            given["name"] = Words(th, row.text("name_en") if row.has("name_en") else untold)
        return given

    def _amounts(self, row: Row, cells: Mapping[str, str]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for column, field, read, problem in (
            ("cost_baht", "cost_satang", satang_of, "not_money"),
            ("fiscal_year", "fiscal_year", year_of, "not_a_year"),
            ("warranty_until", "warranty_until", day_of, "not_a_day"),
        ):
            said = cells.get(column, "")
            if not said:
                continue
            value: int | date | None = read(said)
            if value is None and read is day_of and (value := guessed_day_of(said)) is not None:
                row.notice("day_guessed", column, value=said[:40], limit=day_words(value))
            if value is None:
                row.problem(problem, column, value=said[:40])
            else:
                given[field] = value
        return given

    def _belongings(
        self, row: Row, cells: Mapping[str, str], kind: str | None, there: AssetFacts | None
    ) -> dict[str, Any]:
        known, given = self.ground.known, dict[str, Any]()
        before = None if there is None else there.owner_id
        owner_id = (
            self._owner(row, cells["owner"]) if cells.get("owner") else before or self._defaults.owner_id
        )
        if owner_id and owner_id != before:
            given["owner_id"] = owner_id
            if owner_id not in known.owners:
                row.problem("unknown_owner", "owner", value=(cells.get("owner") or owner_id)[:60])
            elif there is not None and there.mou_id and not cells.get("mou"):
                given["mou_id"] = None  # An agreement is with its owner.
        if cells.get("mou"):
            given["mou_id"] = cells["mou"]
            if known.mous.get(cells["mou"]) != owner_id:
                row.problem("unknown_mou", "mou", value=cells["mou"][:60])
        if cells.get("site"):
            given["site_id"] = cells["site"].lower()
            at_site = kind is None or KINDS[kind].at_site
            if not at_site or given["site_id"] not in known.sites:
                row.problem("no_such_site", "site", value=cells["site"][:60])
        return given

    def _owner(self, row: Row, said: str) -> str:
        """The id of an owner, who may be named by it or as on the screens, in either language."""
        bare, owners = said.casefold(), self.ground.known.owners
        if bare in owners:
            return bare
        called = [each for each, name in owners.items() if bare in (name.th.casefold(), name.en.casefold())]
        if len(called) > 1:
            row.problem("owner_not_clear", "owner", value=said[:60], limit=", ".join(called))
        return called[0] if called else bare

    def _lifecycle(self, row: Row, cells: Mapping[str, str], there: AssetFacts | None) -> Lifecycle:
        said = cells.get("lifecycle", "")
        if not said:
            return there.lifecycle if there is not None else (self._defaults.lifecycle or "proposed")
        state = lifecycle_of(said)
        if state is None:
            row.problem("not_one_of", "lifecycle", value=said[:40], limit=_STATES)
            return "proposed"
        lifecycle = cast("Lifecycle", state)
        if there is not None and there.lifecycle != lifecycle and not may_reach(there.lifecycle, lifecycle):
            row.problem("no_way_back", "lifecycle", value=STATES[lifecycle], limit=STATES[there.lifecycle])
        elif there is not None and there.id in self.ground.lent and lifecycle != there.lifecycle:
            row.problem("lent", "lifecycle", value=there.code)
        return lifecycle

    def report(self, raw: bytes, *, stored: bool = False, seconds: float = 0.0) -> ImportReport:
        """What was found, as it is shown."""
        # Abroad before far away: one that lies in another country is not lost among a hundred that lie in Bangkok.
        asked = [each for each in self._findings.notices if each.code in ASKED]
        questions = sorted(asked, key=lambda each: ASKED.index(each.code))
        notices = [each for each in self._findings.notices if each.code not in ASKED]
        return ImportReport(
            file=self._name,
            digest=hashlib.sha256(raw).hexdigest(),
            rows=len(self._rows),
            new=len(self.new),
            changed=len(self.changed),
            unchanged=self.unchanged,
            problems=[self._with_cell(each) for each in self._findings.problems[:MOST_SHOWN]],
            problem_count=len(self._findings.problems),
            questions=[self._with_cell(each) for each in questions[:MOST_SHOWN]],
            question_count=len(questions),
            notices=notices[:MOST_SHOWN],
            stored=stored,
            seconds=round(seconds, 2),
        )

    def _with_cell(self, finding: Finding) -> Finding:
        """With the name by which a spreadsheet knows the cell."""
        at = self.at.get(finding.column or "")
        if at is None and finding.column in ("lon", "lat"):
            at = self.at.get("place")
        if at is None or finding.row is None:
            return finding
        letters, left = "", at
        while left >= 0:
            letters, left = chr(ord("A") + left % 26) + letters, left // 26 - 1
        return msgspec.structs.replace(finding, cell=f"{letters}{finding.row}")
