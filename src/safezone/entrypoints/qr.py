"""Draws a QR code here, on this machine: a secret is not sent to anybody who draws it."""

from __future__ import annotations


def qr_of(text: str) -> str:
    """The text as a QR code, as an address that an `<img>` takes (SVG)."""
    import segno  # noqa: PLC0415 - only when somebody sets up a telephone

    drawn: str = segno.make(text, error="m").svg_data_uri(scale=4, border=3, light="#fff", dark="#000")
    return drawn
