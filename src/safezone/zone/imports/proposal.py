"""What is proposed after a file was read: its features in degrees, what each could be, and what a person must answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.zone.findings import Finding, Findings
from safezone.zone.imports import suggesting, systems
from safezone.zone.imports.reading import CannotReadError, Feature, Read, formats, not_of
from safezone.zone.imports.suggesting import As, Candidate

MOST_TOLD: Final = 100
"""Problems and notices that are told one by one."""


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person has answered; `all_as` says what everything in the file is."""

    crs: str | None = None
    swapped: bool | None = None
    outside: bool | None = None
    all_as: As | None = None


class Choice(msgspec.Struct, frozen=True):
    """One possible answer; `at` is where the file lies with it."""

    value: str
    words: Words
    at: Point | None = None


class Question(msgspec.Struct, frozen=True):
    """Something only a person can say before the file is taken."""

    key: Literal["crs", "swapped", "outside"]
    words: Words
    choices: list[Choice]
    guess: str | None = None


class Proposal(msgspec.Struct, kw_only=True):
    """What came of reading a file; nothing of it is taken before somebody confirms it."""

    file: str
    format: str = ""
    crs: str = ""
    crs_name: str = ""
    crs_how: str = ""
    encoding: str = ""
    layers: list[str] = []
    questions: list[Question] = []
    problems: list[Finding] = []
    notices: list[Finding] = []
    more_problems: int = 0
    areas: int = 0
    lines: int = 0
    points: int = 0
    buildings: int = 0
    candidates: list[Candidate] = []
    bounds: tuple[float, float, float, float] | None = None
    refused: Words | None = None


class Prepared(msgspec.Struct):
    """A proposal with the geometries that belong to it."""

    proposal: Proposal
    shapes: dict[int, Any]
    """By the number of the candidate: the area or the position."""
    buildings: list[Any]
    lines: list[Any]


def prepare(path: Path, name: str, answers: Answers, home: Point) -> Prepared:
    """What a file holds and what must be answered; a file that cannot be read is a refused proposal."""
    findings = Findings()
    proposal = Proposal(file=name)
    prepared = Prepared(proposal, {}, [], [])
    try:
        of_suffix = formats().get(Path(name).suffix.lower())
        if of_suffix is None:
            raise CannotReadError(
                Words(
                    th=f"ไม่รู้จักไฟล์ชนิด “{Path(name).suffix}”: ใช้ {', '.join(sorted(formats()))}",
                    en=f"Files of the kind “{Path(name).suffix}” are not known: use {', '.join(sorted(formats()))}.",
                )
            )
        proposal.format = of_suffix.NAME
        read = of_suffix.read(path, findings)
        if not read.features and not findings.problems:
            raise CannotReadError(Words(th="ไม่มีรูปใดในไฟล์", en="There is nothing in the file."))
        _fill(prepared, read, answers, home, findings)
    except CannotReadError as problem:
        proposal.refused = problem.words
    except RecursionError as problem:
        proposal.refused = not_of(proposal.format, type(problem).__name__).words
    except MemoryError:
        proposal.refused = Words(
            th="ไฟล์ใหญ่เกินกว่าจะอ่านได้: ตัดให้เหลือเฉพาะพื้นที่ของสถานี",
            en="The file is too large to be read: cut it to the station's area.",
        )
    proposal.problems = findings.problems[:MOST_TOLD]
    proposal.notices = findings.notices[:MOST_TOLD]
    proposal.more_problems = max(0, len(findings.problems) - MOST_TOLD)
    return prepared


def _fill(prepared: Prepared, read: Read, answers: Answers, home: Point, findings: Findings) -> None:
    proposal = prepared.proposal
    proposal.encoding, proposal.layers = read.encoding, read.parts
    for each in read.features:
        if each.sort == "area":
            proposal.areas += 1
        elif each.sort == "line":
            proposal.lines += 1
        else:
            proposal.points += 1
    if not read.features:
        return
    read = _east_first(proposal, read, answers)
    samples = systems.samples_of(read.features)
    system = _system(proposal, read, answers, samples, home, findings)
    placed = _place(read.features, system, answers, proposal, findings)
    suggesting.fill(prepared, placed, answers.all_as, findings)
    _ask_outside(proposal, answers, placed)


def _east_first(proposal: Proposal, read: Read, answers: Answers) -> Read:
    """Metres with north before east are exchanged, and somebody says whether that is right."""
    samples = systems.samples_of(read.features)
    if systems.most_look(samples) != "nowhere" or answers.swapped is False:
        return read
    if systems.most_look([(north, east) for east, north in samples]) != "metres":
        return read
    if answers.swapped is None:
        words = Words(
            th="ค่าเหนือ (N) กับตะวันออก (E) ดูเหมือนสลับกัน: สลับให้หรือไม่",
            en="North and east look exchanged: exchange them?",
        )
        yes = Choice("yes", Words(th="ใช่ สลับให้", en="Yes, exchange them"))
        no = Choice("no", Words(th="ไม่ ตัวเลขถูกแล้ว", en="No, they are right"))
        proposal.questions.append(Question("swapped", words, [yes, no], "yes"))
    return read._replace(features=[systems.reversed_(each) for each in read.features])


def _system(
    proposal: Proposal, read: Read, answers: Answers, samples: list[Any], home: Point, findings: Findings
) -> systems.System:
    """The coordinate system to read the file in; a question when only the numbers speak for it."""
    look = systems.most_look(samples)
    said = _said(read.crs, look, proposal.file, findings)
    if answers.crs is not None:
        known = systems.declared(answers.crs) or systems.System(systems.WGS84, "WGS 84", "chosen")
        system = known._replace(how="chosen")
    elif said is not None:
        system = said
    elif look == "metres":
        system = _ask_system(proposal, systems.options(samples, home))
    else:
        system = systems.System(systems.WGS84, "WGS 84", "assumed")
    proposal.crs, proposal.crs_name, proposal.crs_how = system
    return system


def _said(crs: str | None, look: systems.Look, file: str, findings: Findings) -> systems.System | None:
    """What the file says of itself, unless nobody knows it or the numbers say otherwise: they are right."""
    try:
        said = systems.declared(crs)
    except CannotReadError:
        findings.notice(file, "crs_not_known", value=" ".join(str(crs).split())[:60])
        return None
    if said is None:
        return None
    other = look == "metres" if systems.is_degrees(said.code) else look in ("thailand", "swapped")
    if other:
        findings.notice(file, "crs_not_believed", value=said.name)
        return None
    return said


def _ask_system(proposal: Proposal, found: list[systems.Option]) -> systems.System:
    if not found:
        raise CannotReadError(
            Words(
                th="ตัวเลขเป็นเมตร แต่ไม่ตรงกับระบบพิกัดใดที่ใช้ในไทย: ส่งไฟล์ .prj หรือแปลงเป็นองศา WGS 84",
                en="The numbers are metres but fit no system in use in Thailand: add the .prj, or convert to degrees, WGS 84.",
            )
        )
    choices = [
        Choice(
            each.code,
            Words(
                th=f"{each.name} — ห่างจากสถานี {each.km_away:,} กม."
                + ("" if each.in_thailand else " (นอกประเทศไทย)"),
                en=f"{each.name} — {each.km_away:,} km from the station"
                + ("" if each.in_thailand else " (outside Thailand)"),
            ),
            each.at,
        )
        for each in found
    ]
    words = Words(
        th="ตัวเลขเป็นหน่วยเมตร แต่ไฟล์ไม่ได้บอกระบบพิกัด: เป็นระบบใด ดูบนแผนที่แล้วยืนยัน",
        en="The numbers are metres and the file names no coordinate system: which is it? Look at the map, then confirm.",
    )
    proposal.questions.append(Question("crs", words, choices, found[0].code))
    return systems.System(found[0].code, found[0].name, "guessed")


def _place(
    features: list[Feature], system: systems.System, answers: Answers, proposal: Proposal, findings: Findings
) -> list[Feature]:
    """The features in degrees; those with a position that lies nowhere are problems and left out."""
    placed = []
    flat = [list(systems.positions_of(each)) for each in features]
    degrees = iter(systems.to_degrees([p for each in flat for p in each], system.code))
    moved = [[next(degrees) for _ in each] for each in flat]
    firsts = [each[0] for each in moved]
    exchanged = systems.most_look(firsts) == "swapped"
    if exchanged and answers.swapped is None:
        words = Words(
            th="ลองจิจูดกับละติจูดดูเหมือนสลับกัน: สลับให้หรือไม่",
            en="Longitude and latitude look exchanged: exchange them?",
        )
        at = Point(*reversed(firsts[0]))
        yes = Choice("yes", Words(th="ใช่ สลับให้", en="Yes, exchange them"), at)
        no = Choice("no", Words(th="ไม่ ตัวเลขถูกแล้ว", en="No, they are right"))
        proposal.questions.append(Question("swapped", words, [yes, no], "yes"))
    if exchanged and answers.swapped is not False:
        moved = [[(lat, lon) for lon, lat in each] for each in moved]
    for feature, places in zip(features, moved, strict=True):
        wrong = next((p for p in places if systems.look_of(p) in ("nowhere", "metres")), None)
        if wrong is not None:
            findings.problem(
                proposal.file, "out_of_range", feature.number, value=f"{wrong[0]:g}, {wrong[1]:g}"
            )
            continue
        placed.append(systems.moved(feature, places))
    return placed


def _ask_outside(proposal: Proposal, answers: Answers, placed: list[Feature]) -> None:
    """Coordinates outside Thailand are asked about, not refused."""
    spots = [next(iter(systems.positions_of(each))) for each in placed]
    outside = [spot for spot in spots if systems.look_of(spot) == "elsewhere"]
    everything = [place for each in placed for place in systems.positions_of(each)]
    if everything:
        lons, lats = [s[0] for s in everything], [s[1] for s in everything]
        proposal.bounds = (min(lons), min(lats), max(lons), max(lats))
    if not outside or answers.outside is not None:
        if answers.outside is False:
            raise CannotReadError(
                Words(
                    th="พิกัดอยู่นอกประเทศไทย: แก้ไขไฟล์แล้วส่งใหม่",
                    en="It lies outside Thailand: mend the file and send it again.",
                )
            )
        return
    words = Words(
        th=f"{len(outside)} จาก {len(spots)} รูปอยู่นอกประเทศไทย: ถูกต้องหรือไม่",
        en=f"{len(outside)} of {len(spots)} lie outside Thailand: is that right?",
    )
    yes = Choice("yes", Words(th="ใช่ ถูกต้อง", en="Yes, that is right"), Point(*outside[0]))
    no = Choice("no", Words(th="ไม่ใช่", en="No"))
    proposal.questions.append(Question("outside", words, [yes, no]))
