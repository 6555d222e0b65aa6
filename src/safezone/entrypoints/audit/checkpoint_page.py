"""A checkpoint as a page to print: what it says in both languages, the signed text, and a QR code with the very text."""

from __future__ import annotations

import html
import io
from typing import Final

from safezone.core.checkpoints import read_checkpoint
from safezone.core.i18n import THAI_TIME, buddhist_year

_PAGE: Final = """<!doctype html>
<html lang="th"><head><meta charset="utf-8"><title>{name}</title></head><body>
<h1>หลักฐานลงลายเซ็นของบันทึก / Signed checkpoint of the log</h1>
<p>สถานี / station: <b>{station}</b> · จำนวนบรรทัด / lines: <b>{seq:,}</b> · เวลา / time: <b>{when}</b></p>
<p>เก็บแผ่นนี้ไว้นอกสถานี ภายหลังตรวจได้ว่าบันทึกถูกเขียนใหม่หรือไม่ ด้วย<br>
Keep this sheet outside the station. It shows later whether the log was rewritten, by<br>
<code>safezone checkpoint verify FILE --public-key KEY</code></p>
<div>{qr}</div>
<pre>{note}</pre>
<p>กุญแจสาธารณะ / public key<br><code>{key}</code></p>
</body></html>
"""


def print_page(name: str, note: str, public_key: str) -> str:
    """The page; NotGenuine for a text that was not signed with this key."""
    # Read only by those who print: a start should not pay for it.
    import segno  # noqa: PLC0415 - see above

    said = read_checkpoint(note, public_key)
    local = said.at.astimezone(THAI_TIME)
    drawn = io.BytesIO()
    segno.make_qr(note, error="m").save(drawn, kind="svg", scale=4, xmldecl=False, svgns=True)
    return _PAGE.format(
        name=html.escape(name),
        station=html.escape(said.station),
        seq=said.seq,
        when=f"{local:%d/%m}/{buddhist_year(said.at)} {local:%H:%M:%S} (+07:00)",
        qr=drawn.getvalue().decode(),
        note=html.escape(note),
        key=html.escape(public_key),
    )
