"""Files of the broker's store, torn as a disk tears them that stops in the middle, and as nobody expects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from safezone.entrypoints.broker import files

Tear = Callable[[Path], None]
"""Called with the broker's folder while no broker runs."""


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _garble(path: Path) -> None:
    path.write_bytes(bytes(each ^ 0x5A for each in path.read_bytes()))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


HOW: Final[dict[str, Callable[[Path], None]]] = {
    "cut": _cut, "zeroed": _zero, "garbled": _garble, "emptied": _empty, "gone": Path.unlink
}  # fmt: skip


def _in_consumers(name: str, how: str) -> Tear:
    def tear(directory: Path) -> None:
        for consumer in (_messages(directory) / "obs").iterdir():
            HOW[how](consumer / name)

    return tear


def _in_stream(stream: str, pattern: str, how: str) -> Tear:
    def tear(directory: Path) -> None:
        found = list((directory / "store" / files.STREAMS / stream).glob(pattern))
        assert found, f"{stream} holds no {pattern}"
        for each in found:
            HOW[how](each)

    return tear


def _a_hole_in_the_messages(directory: Path) -> None:
    """The eighth message from the end and the next one are zeros now; the six behind them are whole."""
    [*_, block] = files.list_blocks(_messages(directory) / "msgs")
    whole = block.read_bytes()
    places = [at for at in range(len(whole)) if whole.startswith(b"$MQTT.msgs.", at)]
    begin, end = places[-8], places[-6] - 22
    block.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])


def _a_setting_nobody_can_see(directory: Path) -> None:
    """It can be read, and is not what its checksum says: nats-server alone notices."""
    path = _messages(directory) / "meta.inf"
    path.write_bytes(path.read_bytes().replace(b'"max_msgs":-1', b'"max_msgs":-2'))


def _messages(directory: Path) -> Path:
    return directory / "store" / files.STREAMS / files.MESSAGES


PARTS: Final[dict[str, Tear]] = {
    **{f"consumers' settings {how}": _in_consumers("meta.inf", how) for how in HOW},
    **{
        f"consumers' states {how}": _in_consumers("o.dat", how)
        for how in ("cut", "zeroed", "garbled", "gone")
    },
    "consumers' checksums gone": _in_consumers("meta.sum", "gone"),
}
"""Torn so, a part is set aside, and the broker says everything again by itself."""

ALL_OF_IT: Final[dict[str, Tear]] = {
    **{f"messages' settings {how}": _in_stream(files.MESSAGES, "meta.inf", how) for how in HOW},
    "messages' checksum cut": _in_stream(files.MESSAGES, "meta.sum", "cut"),
    **{
        f"sessions {how}": _in_stream(files.SESSIONS, "msgs/*.blk", how)
        for how in ("zeroed", "garbled", "gone")
    },
}
"""Torn so, the whole store is set aside, and the program reads the messages in it."""

NO_HARM: Final[dict[str, Tear]] = {
    f"{stream}'s settings {how}": _in_stream(stream, "meta.inf", how)
    for stream in (files.SESSIONS, "$MQTT_rmsgs", "$MQTT_out", "$MQTT_qos2in")
    for how in ("cut", "zeroed", "gone")
}
"""Torn so, nats-server goes on by itself, and nothing is set aside."""

A_HOLE: Final[Tear] = _a_hole_in_the_messages
UNSEEN: Final[Tear] = _a_setting_nobody_can_see
