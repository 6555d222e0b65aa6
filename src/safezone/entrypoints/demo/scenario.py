"""An evening in three minutes: what happens in the demonstration, who does what about it, told as it goes.

The operator here is the second one on duty (`operator-2`); whoever opened the console by the link is the first and
may be quicker: then the evening goes on from what was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from safezone.entrypoints.demo.doors import Door, Refused
from safezone.entrypoints.demo.pole import Pole
from safezone.entrypoints.demo.running import Said
from safezone.entrypoints.demo.watch import Watch

FALL: Final = {
    "kind": "accident",
    "channel": "phone",
    "text": "รถจักรยานยนต์ล้มหน้าตลาดกลางคืน มีผู้บาดเจ็บ (สาธิต)",
    "place": {"lon": 104.729144, "lat": 16.540105},
    "place_text": "หน้าตลาดกลางคืน (สาธิต)",
    "reporter": {"name": "ผู้แจ้ง (สาธิต)", "phone": "080-000-0000"},
}
ARRIVES_WITHIN_S: Final = 150.0
SILENCE_SEEN_WITHIN_S: Final = 90.0
MOST_TRIES: Final = 5

_STEPS: Final = {
    "assigned": Said("{unit} ได้รับสั่งการ", "{unit} is dispatched"),
    "accepted": Said("{unit} รับงานแล้ว", "{unit} has accepted"),
    "en_route": Said("{unit} กำลังไป", "{unit} is on the way"),
    "on_scene": Said("{unit} ถึงที่เกิดเหตุ", "{unit} is on scene"),
    "cleared": Said("{unit} เสร็จงาน ออกตรวจต่อ", "{unit} is free and goes on patrolling"),
    "refused": Said("{unit} ปฏิเสธงาน", "{unit} has refused"),
}
_STATES: Final = {
    "reported": Said("รอรับทราบ", "reported"),
    "acknowledged": Said("รับทราบแล้ว", "acknowledged"),
    "dispatched": Said("สั่งการแล้ว", "dispatched"),
    "en_route": Said("กำลังไป", "en route"),
    "on_scene": Said("ถึงที่เกิดเหตุ", "on scene"),
    "closed": Said("ปิดเหตุแล้ว", "closed"),
}
_OUTCOMES: Final = {"resolved": Said("เรียบร้อย", "resolved"), "false_alarm": Said("แจ้งเหตุเท็จ", "false alarm")}
_READINESS: Final = {
    "WATCH": Said("เฝ้าระวัง", "WATCH"),
    "DOWN": Said("ใช้งานไม่ได้", "DOWN"),
    "READY": Said("พร้อมใช้", "READY"),
    "UNKNOWN": Said("ยังไม่ทราบ", "UNKNOWN"),
}


class Evening:
    """One performance."""

    def __init__(
        self, operator: Door, poles: dict[str, Pole], lives: dict[str, asyncio.Task[None]], speed: float = 1.0
    ) -> None:
        """`lives` are the running poles: the one whose life is cancelled falls silent. `speed` 10 plays in 18 s."""
        self._operator = operator
        self._poles = poles
        self._lives = lives
        self._speed = speed
        self._clock = asyncio.get_running_loop().time
        self._start_s = self._clock()
        self._watch = Watch(operator, self._tell_steps)
        self._told: dict[tuple[str, str], str] = {}
        self._mine: list[str] = []
        self._silent: list[str] = []

    async def play(self) -> None:
        """The evening is over and its summary is told."""
        watching = asyncio.create_task(self._watch.run())
        try:
            await self._watch.until(lambda: bool(self._watch.assets), within_s=30)
            self._start_s = self._clock()
            self._say(
                Said("เริ่มเหตุการณ์สมมติยามค่ำ: ทั้งหมดเป็นข้อมูลสาธิต", "The evening begins: all of it is made up.")
            )
            await self._play()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _play(self) -> None:
        at_the_pier = await self._press(5, "sos-03")
        await self._press(12, "sos-03")
        fall = await self._phone(25)
        await self._acknowledge(35, at_the_pier)
        await self._dispatch(45, at_the_pier)
        by_mistake = await self._press(80, "sos-06")
        await self._acknowledge(86, by_mistake)
        await self._close(94, by_mistake, "false_alarm", "โทรสอบถามแล้ว: เด็กกดเล่น ไม่มีเหตุ (สาธิต)")
        await self._fall_silent(100, "sos-08")
        await self._await_arrival(at_the_pier)
        await self._close(150, at_the_pier, "resolved", "กระเป๋าหายพบคืนเจ้าของแล้ว (สาธิต)")
        await self._await_silence_seen("sos-08")
        await self._sum_up(fall)

    # ── what happens ──

    async def _press(self, at_s: float, point: str) -> str:
        await self._until(at_s)
        receipt = await self._poles[point].press()
        ms = receipt.after_s * 1000
        if receipt.incident_id in self._mine:
            told = Said(
                f"{point} กดซ้ำ: รวมเป็นเหตุเดิม ({ms:.0f} มิลลิวินาที)",
                f"{point} is pressed again: the same incident, not a second one ({ms:.0f} ms)",
            )
        else:
            self._mine.append(receipt.incident_id)
            told = Said(
                f"มีผู้กด {point}: เสาได้ใบตอบรับใน {ms:.0f} มิลลิวินาที",
                f"{point} is pressed: the pole has its receipt after {ms:.0f} ms",
            )
        self._say(told)
        return receipt.incident_id

    async def _phone(self, at_s: float) -> str:
        await self._until(at_s)
        answer = await self._operator.insist("POST", "/api/v1/reports", FALL)
        incident_id: str = answer["incident_id"]
        self._mine.append(incident_id)
        self._say(
            Said(
                "มีผู้โทรแจ้งอุบัติเหตุหน้าตลาดกลางคืน เหตุนี้ฝากคุณรับทราบและสั่งการ",
                "Somebody calls about an accident at the night market. This one is left to you.",
            )
        )
        return incident_id

    async def _fall_silent(self, at_s: float, point: str) -> None:
        await self._until(at_s)
        self._lives[point].cancel()
        self._silent.append(point)
        self._say(Said(f"{point} เงียบไป (ไม่มีสัญญาณชีพ)", f"{point} falls silent (no more signs of life)"))

    # ── what the operator does ──

    async def _acknowledge(self, at_s: float, incident_id: str) -> None:
        await self._until(at_s)
        done = await self._act(incident_id, "acknowledge", {}, lambda now: now["state"] != "reported")
        if done:
            self._say(
                Said("ศูนย์ควบคุมรับทราบเหตุ {number}", "The command centre acknowledges {number}"), incident_id
            )

    async def _dispatch(self, at_s: float, incident_id: str) -> None:
        await self._until(at_s)
        advice = await self._operator.insist("GET", f"/api/v1/incidents/{incident_id}/recommendation")
        if not advice["units"]:
            self._say(Said(advice["summary"]["th"], advice["summary"]["en"]))
            return
        best = advice["units"][0]
        why = Said(" · ".join(r["th"] for r in best["reasons"]), " · ".join(r["en"] for r in best["reasons"]))
        body = {"unit_ids": [best["unit_id"]]}
        self._told[incident_id, best["unit_id"]] = "assigned"  # Told below, with the reasons.
        done = await self._act(
            incident_id, "dispatch", body, lambda now: now["state"] not in ("reported", "acknowledged")
        )
        if done:
            call_sign = best["call_sign"]
            self._say(
                Said(
                    f"สั่งการตามคำแนะนำ: {call_sign} ({why.th})",
                    f"The recommended unit is sent: {call_sign} ({why.en})",
                )
            )

    async def _close(self, at_s: float, incident_id: str, outcome: str, note: str) -> None:
        await self._until(at_s)
        body = {"outcome": outcome, "note": note}
        if await self._act(incident_id, "close", body, lambda now: now["state"] == "closed"):
            how = _OUTCOMES[outcome]
            self._say(Said("ปิดเหตุ {number}: " + how.th, "{number} is closed: " + how.en), incident_id)

    async def _act(
        self, incident_id: str, action: str, body: dict[str, Any], is_done: Callable[[Any], bool]
    ) -> bool:
        """True when we did it; False when somebody else was quicker, or when the station will not have it (told)."""
        path = f"/api/v1/incidents/{incident_id}"
        for _ in range(MOST_TRIES):
            now = (await self._operator.insist("GET", path))["incident"]
            if is_done(now):
                self._say(
                    Said("{number}: มีผู้ดำเนินการไปแล้ว", "{number}: somebody else has done that already"),
                    incident_id,
                )
                return False
            try:
                await self._operator.insist(
                    "POST", f"{path}/{action}", {"expected_version": now["version"], **body}
                )
            except Refused as no:
                if no.code == "overtaken":
                    continue
                words = no.body.get("words", {})
                self._say(Said(str(words.get("th", no)), str(words.get("en", no))))
                return False
            return True
        return False

    # ── what is waited for ──

    async def _await_arrival(self, incident_id: str) -> None:
        is_there = await self._watch.until(
            lambda: self._watch.state_of(incident_id) in ("on_scene", "closed"), ARRIVES_WITHIN_S
        )
        if not is_there:
            self._say(Said("{number}: ยังไม่มีใครถึงที่เกิดเหตุ", "{number}: nobody has arrived yet"), incident_id)

    async def _await_silence_seen(self, point: str) -> None:
        # The station's own limits decide, in real seconds: they are not played faster.
        await self._watch.until(
            lambda: self._watch.assets[point]["readiness"] == "DOWN", SILENCE_SEEN_WITHIN_S
        )

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, self._start_s + at_s / self._speed - self._clock()))

    # ── what is told ──

    def _say(self, words: Said, incident_id: str | None = None) -> None:
        number = self._watch.incidents.get(incident_id or "", {}).get("number", "")
        passed_s = int((self._clock() - self._start_s) * self._speed)
        said = Said(words.th.replace("{number}", number), words.en.replace("{number}", number))
        print(f"[{passed_s // 60}:{passed_s % 60:02d}] {said}", flush=True)

    def _tell_steps(self) -> None:
        """Each step of a unit, and each change of a pole that fell silent, is told once."""
        for incident_id in self._mine:
            for sent in self._watch.incidents.get(incident_id, {}).get("assignments", ()):
                if self._is_new((incident_id, sent["unit_id"]), sent["state"]):
                    words = _STEPS[sent["state"]]
                    call_sign = sent["call_sign"]
                    self._say(
                        Said(words.th.replace("{unit}", call_sign), words.en.replace("{unit}", call_sign))
                    )
        for point in self._silent:
            readiness = self._watch.assets[point]["readiness"]
            if readiness != "READY" and self._is_new((point, ""), readiness):
                now, why = _READINESS[readiness], self._watch.assets[point]["readiness_reason"]
                self._say(Said(f"{point}: {now.th} ({why['th']})", f"{point}: {now.en} ({why['en']})"))

    def _is_new(self, about: tuple[str, str], state: str) -> bool:
        is_new = self._told.get(about) != state
        self._told[about] = state
        return is_new

    async def _sum_up(self, left_open: str) -> None:
        self._say(Said("จบเหตุการณ์สมมติ", "The evening is over"))
        for incident_id in dict.fromkeys(self._mine):
            now = (await self._operator.insist("GET", f"/api/v1/incidents/{incident_id}"))["incident"]
            print(f"  {_summary_of(now)}", flush=True)
        if self._watch.state_of(left_open) == "reported":
            print(
                f"  {Said('เหตุจากโทรศัพท์ยังรอคุณอยู่', 'The call at the night market is still waiting for you.')}",
                flush=True,
            )


def _summary_of(now: dict[str, Any]) -> Said:
    state = _STATES[now["state"]]
    outcome = _OUTCOMES.get(now["outcome"] or "", Said(now["outcome"] or "", now["outcome"] or ""))
    th = [
        f"{now['number']} {now['sos_point'] or 'โทรศัพท์'}",
        f"แจ้ง {now['report_count']} ครั้ง",
        state.th,
        outcome.th,
    ]
    en = [f"{now['sos_point'] or 'phone'}", f"{now['report_count']} report(s)", state.en, outcome.en]
    for field, word in (
        ("acknowledged_at", Said("รับทราบ", "acknowledged")),
        ("dispatched_at", Said("สั่งการ", "dispatched")),
        ("on_scene_at", Said("ถึง", "on scene")),
        ("closed_at", Said("ปิด", "closed")),
    ):
        if now[field]:
            seconds = (
                datetime.fromisoformat(now[field]) - datetime.fromisoformat(now["opened_at"])
            ).total_seconds()
            th.append(f"{word.th} {seconds:.0f} วิ.")
            en.append(f"{word.en} {seconds:.0f} s")
    return Said(" · ".join(filter(None, th)), " · ".join(filter(None, en)))
