"""The streets as a network in memory: one search backwards from a place answers for every unit at once."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from safezone.core.geo import EARTH_RADIUS_M, Point
from safezone.core.i18n import Words
from safezone.zone.roads import FILE_VERSION, PROFILES, Profile, RoadsUnavailable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SNAP_LIMIT_M: Final = 250.0
"""A point further than this from every road of its profile is not on the map: the answer is None."""
FREE_SNAP_M: Final = 20.0
"""Width of a road plus the error of a position: nobody walks these metres."""
WALK_MPS: Final = 1.4
"""Pace from the road to the spot on foot: 5 km/h."""
BLUR_M: Final = 15.0
"""A position is known to about this: every street as near as the nearest within it may be the one."""
SAMPLE_M: Final = 40.0
LEAST_S: Final = 0.01
"""No piece takes no time at all: the search takes a zero for a missing edge."""
MAIN_NETWORK_SHARE: Final = 0.05
"""A connected part with less street than this share of the largest one is a courtyard or a mapping error."""
DEFAULT_LIMIT_S: Final = 1800.0

_METRES_PER_DEGREE: Final = EARTH_RADIUS_M * math.pi / 180
_NEIGHBOURS: Final = 12
_MANY_NEIGHBOURS: Final = 256


class RoadGraph:
    """A road network in memory, read-only, safe to ask from several threads at once.

    A *piece* is a stretch of one street between two junctions; its seconds forward and backward are infinite
    where the profile may not go. Turn restrictions, gates and traffic are not in it: times are estimates.
    """

    def __init__(self, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        self.source = str(meta["source"])
        self.attribution = str(meta["attribution"])
        self.node_count = int(meta["node_count"])
        self._arrays = arrays
        self._lat_scale = _METRES_PER_DEGREE
        self._lon_scale = _METRES_PER_DEGREE * math.cos(math.radians(float(meta["mid_lat"])))
        self._networks: dict[Profile, _Network] = {}
        for index, profile in enumerate(PROFILES):
            self._networks[profile] = _Network(self, arrays, index)

    @classmethod
    def load(cls, path: Path) -> RoadGraph:
        """The graph in a file made by `import_roads`; RoadsUnavailable when it is missing, old or not such a file."""
        if not path.is_file():
            raise RoadsUnavailable(
                Words(
                    th=f"ยังไม่มีแผนที่ถนน ({path.name}): นำเข้าด้วย safezone map import <ไฟล์ .osm.pbf>",
                    en=f"No road map yet ({path.name}): import one with safezone map import <file.osm.pbf>.",
                )
            )
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files if name != "meta"}
                meta = json.loads(bytes(stored["meta"]))
        except (ValueError, KeyError, OSError, EOFError) as broken:
            raise RoadsUnavailable(
                Words(
                    th=f"ไฟล์แผนที่ถนน {path.name} อ่านไม่ได้ ({broken}): นำเข้าใหม่",
                    en=f"The road map file {path.name} cannot be read ({broken}): import it again.",
                )
            ) from broken
        version = meta.get("version")
        if version != FILE_VERSION:
            raise RoadsUnavailable(
                Words(
                    th=f"{path.name} เป็นรุ่น {version} (ต้องการรุ่น {FILE_VERSION}): นำเข้าใหม่",
                    en=f"{path.name} has version {version}, this program needs {FILE_VERSION}: import it again.",
                )
            )
        return cls(arrays, meta)

    def travel_times_s(
        self, to: Point, from_: Sequence[Point], profile: Profile, limit_s: float = DEFAULT_LIMIT_S
    ) -> list[float | None]:
        """Seconds from each point to `to` by road, in the order given, with one search backwards from `to`.

        None: the point, or `to` itself, is more than SNAP_LIMIT_M from any road of this profile.
        Infinite: both are on roads, but there is no way within `limit_s`. Metres off the road are walked.
        """
        return self._networks[profile].travel_times_s(to, from_, limit_s)

    def list_points(self) -> list[Point]:
        """Every point of every street, as drawn; for choosing places at random in tests and measurements."""
        lons, lats = self._arrays["point_lon_e7"].tolist(), self._arrays["point_lat_e7"].tolist()
        return [Point(lon / 1e7, lat / 1e7) for lon, lat in zip(lons, lats, strict=True)]

    def to_metres(self, points: Sequence[Point]) -> Floats:
        """Points as x, y in metres on a plane that is true at the middle of the map (n × 2)."""
        degrees = np.array([(p.lon, p.lat) for p in points], dtype=np.float64).reshape(-1, 2)
        metres: Floats = degrees * np.array([self._lon_scale, self._lat_scale])
        return metres


class _Network:
    """What one profile sees of a graph: where it may go, in both directions of search."""

    def __init__(self, graph: RoadGraph, arrays: dict[str, Any], index: int) -> None:
        self._graph = graph
        self._u: Ints = arrays["piece_u"]
        self._v: Ints = arrays["piece_v"]
        self._forward: Floats = arrays["forward_s"][index].astype(np.float64)
        self._backward: Floats = arrays["backward_s"][index].astype(np.float64)
        self._reverse = _reverse_matrix(graph.node_count, self._u, self._v, self._forward, self._backward)
        forward, backward = np.isfinite(self._forward), np.isfinite(self._backward)
        u, v = self._u, self._v
        can_leave, can_enter = _attached(
            self._reverse, u, v, np.where(forward | backward, arrays["length_m"], 0.0)
        )
        self._leaves = (forward & can_leave[v]) | (backward & can_leave[u])
        self._enters = (forward & can_enter[u]) | (backward & can_enter[v])
        self._build_segments(arrays, self._leaves | self._enters)

    def _build_segments(self, arrays: dict[str, Any], usable: Bools) -> None:
        """Every straight bit of a usable piece, with its share of the piece, and a tree of points along them."""
        starts: Ints = arrays["piece_start"].astype(np.int64)
        xy = np.stack([arrays["point_lon_e7"], arrays["point_lat_e7"]], axis=1).astype(np.float64) / 1e7
        xy *= np.array([self._graph._lon_scale, self._graph._lat_scale])
        piece_of_point = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        first = np.flatnonzero(piece_of_point[:-1] == piece_of_point[1:])
        first = first[usable[piece_of_point[first]]]
        self._a, self._b = xy[first], xy[first + 1]
        self._piece = piece_of_point[first]
        length = np.hypot(*(self._b - self._a).T)
        run = np.concatenate([[0.0], np.cumsum(np.hypot(*(xy[1:] - xy[:-1]).T))])
        total = np.maximum(run[starts[1:] - 1] - run[starts[:-1]], 1e-6)
        self._share_start = (run[first] - run[starts[self._piece]]) / total[self._piece]
        self._share_size = length / total[self._piece]
        count = np.maximum(1, np.ceil(length / SAMPLE_M)).astype(np.int64)
        self._segment_of_sample = np.repeat(np.arange(len(first)), count)
        step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        along = ((step + 0.5) / np.repeat(count, count))[:, None]
        a, b = self._a[self._segment_of_sample], self._b[self._segment_of_sample]
        self._tree = cKDTree(a + along * (b - a))

    def _snap(self, points: Sequence[Point], allowed: Bools) -> _Snapped:
        """Where each point may stand on the network: the nearest allowed piece, and others as near within its error."""
        n, k = len(points), min(_NEIGHBOURS, self._tree.n)
        if k == 0 or n == 0:
            return _Snapped(np.zeros((n, 1), np.int64), np.zeros((n, 1)), np.full((n, 1), np.inf))
        xy = self._graph.to_metres(points)
        snapped = self._nearest(xy, k, allowed)
        lost = np.flatnonzero(~np.isfinite(snapped.away).any(axis=1))
        if len(lost) and k < self._tree.n:
            # All near ones were barred (a car park, a one-way end): look at many more before giving up.
            far = self._nearest(xy[lost], min(_MANY_NEIGHBOURS, self._tree.n), allowed)
            best = np.argsort(far.away, axis=1)[:, :k]
            for mine, found in zip(snapped, far, strict=True):
                mine[lost] = np.take_along_axis(found, best, axis=1)
        best_away = snapped.away.min(axis=1, keepdims=True)
        is_candidate = (snapped.away <= best_away + BLUR_M) & (snapped.away <= SNAP_LIMIT_M)
        return snapped._replace(away=np.where(is_candidate, snapped.away, np.inf))

    def _nearest(self, xy: Floats, k: int, allowed: Bools) -> _Snapped:
        """Metres to the pieces of the k nearest samples (inf: barred, or nothing within reach)."""
        reach = SNAP_LIMIT_M + SAMPLE_M
        sample = np.asarray(self._tree.query(xy, k=k, distance_upper_bound=reach)[1]).reshape(len(xy), k)
        found = sample < self._tree.n
        segment = self._segment_of_sample[np.where(found, sample, 0)]
        a, along = self._a[segment], self._b[segment] - self._a[segment]
        squared = np.maximum((along**2).sum(axis=2), 1e-12)
        part = np.clip(((xy[:, None, :] - a) * along).sum(axis=2) / squared, 0.0, 1.0)
        away = np.hypot(*np.moveaxis(a + part[..., None] * along - xy[:, None, :], 2, 0))
        piece = self._piece[segment]
        share = self._share_start[segment] + part * self._share_size[segment]
        return _Snapped(piece, np.clip(share, 0.0, 1.0), np.where(found & allowed[piece], away, np.inf))

    def travel_times_s(self, to: Point, from_: Sequence[Point], limit_s: float) -> list[float | None]:
        """As `RoadGraph.travel_times_s`, for this profile."""
        here = self._snap(from_, self._leaves)
        targets = self._targets(to)
        if not targets:
            return [None] * len(from_)
        left = self._search(targets, limit_s)
        forward, backward = self._forward[here.piece], self._backward[here.piece]
        by_v = _part_of(forward, 1 - here.share) + left[self._v[here.piece]]
        by_u = _part_of(backward, here.share) + left[self._u[here.piece]]
        seconds = np.minimum(by_u, by_v)
        for target in targets:
            ahead = target.share - here.share
            direct = (
                np.where(ahead >= 0, _part_of(forward, ahead), _part_of(backward, -ahead)) + target.walk_s
            )
            seconds = np.where(here.piece == target.piece, np.minimum(seconds, direct), seconds)
        seconds += _walk_s(here.away)
        quickest = seconds.min(axis=1)
        quickest[quickest > limit_s] = np.inf
        nearest = here.away.min(axis=1)
        return [
            None if math.isinf(m) else s for s, m in zip(quickest.tolist(), nearest.tolist(), strict=True)
        ]

    def _targets(self, to: Point) -> list[_Target]:
        """Every piece on which the place may lie, the nearest bit of each."""
        snapped = self._snap([to], self._enters)
        nearest: dict[int, _Target] = {}
        for i in np.argsort(snapped.away[0]):
            if np.isfinite(snapped.away[0, i]):
                piece = int(snapped.piece[0, i])
                walk_s = float(_walk_s(snapped.away[0, i]))
                nearest.setdefault(piece, _Target(piece, float(snapped.share[0, i]), walk_s))
        return list(nearest.values())

    def _search(self, targets: Sequence[_Target], limit_s: float) -> Floats:
        """Seconds from every junction to the place, infinite beyond the limit (Dijkstra 1959, from the place back)."""
        n, base = self._graph.node_count, self._reverse
        ends: dict[int, float] = {}
        for target in targets:
            for node, whole, share in (
                (int(self._u[target.piece]), self._forward[target.piece], target.share),
                (int(self._v[target.piece]), self._backward[target.piece], 1 - target.share),
            ):
                if math.isfinite(whole):
                    ends[node] = min(ends.get(node, math.inf), float(whole) * share + target.walk_s)
        # The place becomes one more node, behind the last, with an edge to each end of its pieces.
        data = np.concatenate([base.data, np.maximum(np.array(list(ends.values())), LEAST_S)])
        indices = np.concatenate([base.indices, np.array(list(ends), dtype=base.indices.dtype)])
        indptr = np.concatenate([base.indptr, np.array([len(data)], dtype=base.indptr.dtype)])
        matrix = csr_matrix((data, indices, indptr), shape=(n + 1, n + 1))
        found: Floats = dijkstra(matrix, directed=True, indices=np.array([n]), limit=limit_s)
        return found[0, :n]


class _Snapped(NamedTuple):
    """For each point (rows) the pieces it may stand on: which, how far along it (0–1), metres from it (inf: not)."""

    piece: Ints
    share: Floats
    away: Floats


class _Target(NamedTuple):
    """One piece on which the place may lie, and the seconds on foot from there."""

    piece: int
    share: float
    walk_s: float


def _walk_s(away: Floats) -> Floats:
    """Seconds on foot for the metres off the road; infinite stays infinite."""
    walked: Floats = np.maximum(away - FREE_SNAP_M, 0.0) / WALK_MPS
    return walked


def _part_of(seconds: Floats, share: Floats) -> Floats:
    """A share of a piece's seconds; a barred piece stays infinite even for no share of it."""
    with np.errstate(invalid="ignore"):
        product: Floats = np.where(np.isfinite(seconds), share * seconds, np.inf)
    return product


def _reverse_matrix(n: int, u: Ints, v: Ints, forward: Floats, backward: Floats) -> Any:
    """Every way against its direction as a sparse matrix; of parallel ways the quickest."""
    row = np.concatenate([v, u]).astype(np.int64)
    col = np.concatenate([u, v]).astype(np.int64)
    seconds = np.concatenate([forward, backward])
    usable = np.isfinite(seconds) & (row != col)
    row, col, seconds = row[usable], col[usable], np.maximum(seconds[usable], LEAST_S)
    order = np.lexsort((seconds, col, row))
    row, col, seconds = row[order], col[order], seconds[order]
    is_first = np.ones(len(row), dtype=bool)
    is_first[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
    return csr_matrix((seconds[is_first], (row[is_first], col[is_first])), shape=(n, n))


def _attached(reverse: Any, u: Ints, v: Ints, length_m: Floats) -> tuple[Bools, Bools]:
    """Per junction: can one leave it for the main network, and can one enter it from there?"""
    count, label = connected_components(reverse, directed=True, connection="strong")
    within = label[u] == label[v]
    size_m = np.bincount(label[u][within], length_m[within], count)
    main = (size_m >= max(1.0, MAIN_NETWORK_SHARE * size_m.max()))[label]
    return _reached(reverse, main), _reached(reverse.T.tocsr(), main)


def _reached(matrix: Any, start: Bools) -> Bools:
    """Every node that can be reached from `start` along the matrix."""

    reached, front = start.copy(), start
    while front.any():
        found = np.asarray(matrix.T @ front.astype(np.float64)).ravel() > 0
        front = found & ~reached
        reached |= front
    return reached
