"""What nats-server keeps on disk, read while it does not run: which of it is whole, and the messages in it.

It is nats-server's own format (2.10 to 2.15), looked at here because nats-server says nothing to anybody when it cannot
open a part of it: it goes on without that part. The standard library only: it is read before each start of the broker.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

STREAMS: Final = Path("jetstream", "$G", "streams")
MESSAGES: Final = "$MQTT_msgs"
"""The stream in which everything stands that was said at QoS 1 and not acknowledged by all who listen to it."""
SESSIONS: Final = "$MQTT_sess"
_SAID: Final = "$MQTT.msgs."
_SESSION: Final = "$MQTT.sess."

_RECORD: Final = struct.Struct("<IQqH")
"""Length of the whole record (its highest bit: headers follow), number in the stream, time, length of the subject."""
_HAS_HEADERS: Final = 1 << 31
_TAKEN_OUT: Final = 1 << 62
"""In the number: the message of that number is there no more."""
_NUMBER: Final = _TAKEN_OUT - 1
_CHECKSUM_BYTES: Final = 8
_STATE_MAGIC: Final = 22
_STATE_VERSIONS: Final = (b"", b"\1", b"\2")
"""Those that can be judged; what a later nats-server has written is not called torn."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Message(NamedTuple):
    """One message in a stream."""

    number: int
    subject: str
    payload: bytes


def read_block(block: bytes) -> tuple[list[Message], set[int], int]:
    """The messages of a block up to its first torn record, the numbers taken out, and where the sound part ends."""
    messages: list[Message] = []
    taken_out: set[int] = set()
    at = 0
    while (found := _record(block, at)) is not None:
        message, at = found
        if message.number & _TAKEN_OUT:
            taken_out.add(message.number & _NUMBER)
        elif message.subject:
            messages.append(message)
    return messages, taken_out, at


def read_all(blocks: Iterator[bytes]) -> list[Message]:
    """Every message in these blocks of one stream that was not taken out, once, also from behind torn places."""
    found: dict[int, Message] = {}
    gone: set[int] = set()
    for block in blocks:
        at = 0
        while True:
            messages, taken_out, sound = read_block(block[at:])
            found.update({each.number: each for each in messages})
            gone |= taken_out
            following = _next_message(block, at + sound + 1)
            if following is None:
                break
            at = following
    return [found[number] for number in sorted(found.keys() - gone)]


def list_blocks(messages: Path) -> list[Path]:
    """The blocks in a folder, in their order."""
    return sorted(messages.glob("*.blk"), key=lambda path: int(path.stem) if path.stem.isdigit() else 0)


def blocks_of(messages: Path) -> Iterator[bytes]:
    """What stands in the blocks of a folder, one after the other."""
    return (each.read_bytes() for each in list_blocks(messages))


def is_torn_inside(block: bytes) -> bool:
    """Whether messages stand behind a torn record: nats-server cuts the block off there, and they would be gone."""
    sound = read_block(block)[2]
    return _next_message(block, sound + 1) is not None


def topic_of(message: Message) -> str | None:
    """The MQTT topic of a message of MESSAGES; None for any other."""
    if not message.subject.startswith(_SAID):
        return None
    return message.subject.removeprefix(_SAID).replace(".", "/")


def name_of_session(client_id: str) -> str:
    """What nats-server calls the session of a client: its consumers begin with it."""
    digest = hashlib.sha256(client_id.encode()).digest()
    return "".join(_DIGITS[each % len(_DIGITS)] for each in digest[:8])


def read_sessions(streams: Path) -> dict[str, dict[str, Mapping[str, Any]]]:
    """By session the consumers that it knows, each with its settings, as the last sound record of it says."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for block in blocks_of(streams / SESSIONS / "msgs"):
        for each in read_block(block)[0]:
            if each.subject.startswith(_SESSION):
                found[each.subject.removeprefix(_SESSION)] = _consumers_in(each.payload)
    return found


def is_whole_stream(stream: Path) -> bool:
    """Whether nats-server opens this stream, as far as can be seen without its checksum."""
    said = _json(stream / "meta.inf")
    return said.get("name") == stream.name and "retention" in said and len(_bytes(stream / "meta.sum")) == 16


def is_whole_consumer(consumer: Path) -> bool:
    """Whether nats-server knows what this consumer listens to and where it delivers."""
    said = _json(consumer / "meta.inf")
    named = consumer.name in (said.get("Name"), said.get("durable_name"))
    return (
        named and {"filter_subject", "deliver_subject"} <= said.keys() and (consumer / "meta.sum").is_file()
    )


def is_whole_state(consumer: Path) -> bool:
    """Whether nats-server can read how far this consumer was. An empty one is whole: then all of it is said again."""
    if not (consumer / "o.dat").is_file():
        return False
    state = _bytes(consumer / "o.dat")
    if not state or state[0] != _STATE_MAGIC:
        return not state
    return state[1:2] not in _STATE_VERSIONS or _numbers_end(state)


def _record(block: bytes, at: int) -> tuple[Message, int] | None:
    """The record that begins here and where the next one does; None where none does."""
    if len(block) - at < _RECORD.size + _CHECKSUM_BYTES:
        return None
    length, number, _, subject_bytes = _RECORD.unpack_from(block, at)
    end = at + (length & ~_HAS_HEADERS)
    body = at + _RECORD.size
    if end > len(block) or body + subject_bytes + _CHECKSUM_BYTES > end or not number & _NUMBER:
        return None
    subject = block[body : body + subject_bytes]
    body += subject_bytes
    if length & _HAS_HEADERS:
        body += 4 + int.from_bytes(block[body : body + 4], "little")
    if body + _CHECKSUM_BYTES > end or not subject.isascii():
        return None
    return Message(number, subject.decode(), block[body : end - _CHECKSUM_BYTES]), end


def _next_message(block: bytes, at: int) -> int | None:
    """Where the next record begins that can be read; None if there is none."""
    mark = _SAID.encode()
    while (found := block.find(mark, at)) >= 0:
        begins = found - _RECORD.size
        if begins >= 0 and _record(block, begins) is not None:
            return begins
        at = found + 1
    return None


def _consumers_in(payload: bytes) -> dict[str, Mapping[str, Any]]:
    try:
        said = json.loads(payload)
        return {each["durable_name"]: each for each in said.get("cons", {}).values()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(_bytes(path))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""


def _numbers_end(state: bytes) -> bool:
    """Whether the numbers of a consumer's state are all there: four places, then two lists with their lengths."""
    numbers = _varints(state[2:])
    if numbers is None or len(numbers) < 6:
        return False
    pending = numbers[4]
    at = 5 + (1 + 3 * pending if pending else 0)
    return at < len(numbers) and len(numbers) == at + 1 + 2 * numbers[at]


def _varints(encoded: bytes) -> list[int] | None:
    """The numbers in it; None when the last one is cut off."""
    found: list[int] = []
    number = shift = 0
    for each in encoded:
        number |= (each & 0x7F) << shift
        shift += 7
        if not each & 0x80:
            found.append(number)
            number = shift = 0
    return None if shift else found
