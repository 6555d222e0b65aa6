"""Shapes as vector tiles (Mapbox Vector Tile 2.1), so that a browser is sent what it shows and not the whole province."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

EXTENT: Final = 4096
BUFFER: Final = 64
"""What lies this far outside of a tile is in it too, so that no line shows where two tiles meet."""
_LOW, _HIGH = -BUFFER, EXTENT + BUFFER

Spot = tuple[float, float]
Path = Sequence[Spot]
Sort = Literal[1, 2, 3]
POINT: Final = 1
LINE: Final = 2
AREA: Final = 3


class Shape(NamedTuple):
    """One feature in the coordinates of a tile, y downwards; an area is its rings, holes turning the other way."""

    sort: Sort
    paths: list[list[Spot]]
    said: dict[str, str]


def encode_layer(name: str, shapes: Iterable[Shape]) -> bytes:
    """A tile with this one layer; empty when none of the shapes can be seen at this scale."""
    keys: dict[str, int] = {}
    values: dict[str, int] = {}
    features = bytearray()
    for shape in shapes:
        geometry = _geometry(shape)
        if not geometry:
            continue
        tags = [
            number
            for key, value in shape.said.items()
            for number in (keys.setdefault(key, len(keys)), values.setdefault(value, len(values)))
        ]
        feature = _packed(2, tags) if tags else b""
        feature += bytes((0x18, shape.sort)) + _packed(4, geometry)
        features += _field(2, feature)
    if not features:
        return b""
    layer = _field(1, name.encode()) + bytes(features)
    layer += b"".join(_field(3, key.encode()) for key in keys)
    layer += b"".join(_field(4, _field(1, value.encode())) for value in values)
    layer += b"\x28" + _varint(EXTENT) + b"\x78\x02"
    return _field(3, layer)


def clip_line(line: Path) -> Iterator[list[Spot]]:
    """The pieces of a line that lie in the tile and its margin."""
    piece: list[Spot] = []
    for begin, end in pairwise(line):
        kept = _clip_segment(begin, end)
        if kept is None:
            continue
        if piece and piece[-1] != kept[0]:
            yield piece
            piece = []
        piece = piece or [kept[0]]
        piece.append(kept[1])
    if piece:
        yield piece


def clip_ring(ring: Path) -> list[Spot]:
    """The part of a ring in the tile and its margin (Sutherland and Hodgman); the ring is not closed by a last point."""
    kept = list(ring)
    for axis in (0, 1):
        for bound, sign in ((_LOW, 1.0), (_HIGH, -1.0)):
            kept = _clip_side(kept, axis, bound, sign)
    return kept


def is_inside(path: Path) -> bool:
    """Whether nothing of it needs to be cut."""
    return all(_LOW <= x <= _HIGH and _LOW <= y <= _HIGH for x, y in path)


def _clip_side(ring: list[Spot], axis: int, bound: float, sign: float) -> list[Spot]:
    kept: list[Spot] = []
    for n, here in enumerate(ring):
        before = ring[n - 1]
        inside, was_inside = (here[axis] - bound) * sign >= 0, (before[axis] - bound) * sign >= 0
        if inside != was_inside:
            share = (bound - before[axis]) / (here[axis] - before[axis])
            kept.append(
                (before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1]))
            )
        if inside:
            kept.append(here)
    return kept


def _clip_segment(begin: Spot, end: Spot) -> tuple[Spot, Spot] | None:
    """Liang and Barsky."""
    first, last = 0.0, 1.0
    (x, y), (dx, dy) = begin, (end[0] - begin[0], end[1] - begin[1])
    for step, room in ((-dx, x - _LOW), (dx, _HIGH - x), (-dy, y - _LOW), (dy, _HIGH - y)):
        if step == 0:
            if room < 0:
                return None
            continue
        share = room / step
        first, last = (max(first, share), last) if step < 0 else (first, min(last, share))
        if first > last:
            return None
    cut = (x + first * dx, y + first * dy) if first else begin
    return cut, (x + last * dx, y + last * dy) if last < 1 else end


def _geometry(shape: Shape) -> list[int]:
    """Commands of the specification: where to begin, where to go, whether to close."""
    numbers: list[int] = []
    x = y = 0
    for n, path in enumerate(shape.paths):
        spots = _snapped(path)
        if shape.sort == AREA:
            if len(spots) > 1 and spots[0] == spots[-1]:
                spots.pop()
            if len(spots) < 3 or _doubled_area(spots) == 0:
                if n == 0:
                    return []  # without its outer ring there is nothing
                continue
            if (_doubled_area(spots) > 0) != (n == 0):
                spots.reverse()
        elif shape.sort == LINE and len(spots) < 2:
            continue
        numbers += (9, _zigzag(spots[0][0] - x), _zigzag(spots[0][1] - y))
        x, y = spots[0]
        if len(spots) > 1:
            numbers.append((len(spots) - 1) << 3 | 2)
            for to_x, to_y in spots[1:]:
                numbers += (_zigzag(to_x - x), _zigzag(to_y - y))
                x, y = to_x, to_y
        if shape.sort == AREA:
            numbers.append(15)
    return numbers


def _snapped(path: Path) -> list[tuple[int, int]]:
    spots: list[tuple[int, int]] = []
    for x, y in path:
        spot = (round(x), round(y))
        if not spots or spots[-1] != spot:
            spots.append(spot)
    return spots


def _doubled_area(ring: Sequence[tuple[int, int]]) -> int:
    """Positive when it turns clockwise on the screen, as an outer ring does."""
    return sum(ring[n - 1][0] * y - x * ring[n - 1][1] for n, (x, y) in enumerate(ring))


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _packed(number: int, numbers: Iterable[int]) -> bytes:
    return _field(number, b"".join(map(_varint, numbers)))
