"""Road times: one-ways, who may go where, what lies off the road; checked against a second, slower way of counting."""

from __future__ import annotations

import gzip
import heapq
import math
import random
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from safezone.core.geo import Point, distance_m
from safezone.zone.road_graph import FREE_SNAP_M, WALK_MPS, RoadGraph
from safezone.zone.roads import FILE_NAME, PROFILES, RoadsUnavailable, import_roads, load_roads
from safezone.zone.roads_import import CAR_KMH, FOOT_KMH, speeds_of
from tests.support.places import shared_data

STEP = 0.001
"""Degrees between two corners of the little town: about 111 m north, 106.6 m east at 16.5° north."""


def corner(x: float, y: float) -> Point:
    return Point(104.72 + x * STEP, 16.54 + y * STEP)


def little_town(folder: Path, ways: list[tuple[list[tuple[int, int]], dict[str, str]]]) -> RoadGraph:
    """A graph of streets given by their corners and OSM tags."""
    numbers: dict[tuple[int, int], int] = {}
    for corners, _ in ways:
        for place in corners:
            numbers.setdefault(place, len(numbers) + 1)
    lines = ["<osm version='0.6'>"]
    for (x, y), number in numbers.items():
        point = corner(x, y)
        lines.append(f"<node id='{number}' version='1' lon='{point.lon:.7f}' lat='{point.lat:.7f}'/>")
    for number, (corners, tags) in enumerate(ways, start=1):
        lines.append(f"<way id='{number}' version='1'>")
        lines += [f"<nd ref='{numbers[place]}'/>" for place in corners]
        lines += [f"<tag k='{key}' v='{value}'/>" for key, value in tags.items()]
        lines.append("</way>")
    extract = folder / "town.osm"
    extract.write_text("\n".join([*lines, "</osm>"]))
    into = folder / FILE_NAME
    import_roads(extract, into)
    return load_roads(into)


STREET = {"highway": "residential"}
RING = [([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], STREET)]


def seconds(metres: float, kmh: float) -> float:
    return metres * 3.6 / kmh


def test_along_a_street_it_takes_its_length_at_its_speed(tmp_path: Path) -> None:
    town = little_town(tmp_path, [([(0, 0), (10, 0)], STREET)])
    [time_s] = town.travel_times_s(corner(8, 0), [corner(2, 0)], "car")
    assert time_s == pytest.approx(seconds(distance_m(corner(2, 0), corner(8, 0)), 30), rel=0.001)
    [walk_s] = town.travel_times_s(corner(8, 0), [corner(2, 0)], "foot")
    assert walk_s == pytest.approx(seconds(distance_m(corner(2, 0), corner(8, 0)), FOOT_KMH), rel=0.001)


def test_a_one_way_is_gone_round_by_car_and_not_on_foot(tmp_path: Path) -> None:
    ways = [([(0, 0), (4, 0)], {**STREET, "oneway": "yes"}), ([(4, 0), (4, 4), (0, 4), (0, 0)], STREET)]
    town = little_town(tmp_path, ways)
    side = distance_m(corner(0, 0), corner(2, 0))
    along, against = (
        town.travel_times_s(to, [at], "car")[0]
        for at, to in ((corner(1, 0), corner(3, 0)), (corner(3, 0), corner(1, 0)))
    )
    assert along == pytest.approx(seconds(side, 30), rel=0.001)
    round_m = distance_m(corner(0, 0), corner(4, 0)) * 2 - side + 2 * distance_m(corner(0, 0), corner(0, 4))
    assert against == pytest.approx(seconds(round_m, 30), rel=0.001)
    assert town.travel_times_s(corner(1, 0), [corner(3, 0)], "foot")[0] == pytest.approx(
        seconds(side, FOOT_KMH), rel=0.001
    )


def test_a_way_drawn_against_its_one_way_is_understood(tmp_path: Path) -> None:
    ways = [([(0, 0), (4, 0)], {**STREET, "oneway": "-1"}), ([(4, 0), (4, 4), (0, 4), (0, 0)], STREET)]
    town = little_town(tmp_path, ways)
    back, forth = (
        town.travel_times_s(to, [at], "motorcycle")[0]
        for at, to in ((corner(3, 0), corner(1, 0)), (corner(1, 0), corner(3, 0)))
    )
    assert back is not None
    assert forth is not None
    assert back < forth


def test_of_two_streets_between_the_same_corners_the_quicker_counts(tmp_path: Path) -> None:
    ways = [([(0, 0), (4, 0)], {"highway": "track"}), ([(0, 0), (4, 0)], {"highway": "primary"}), *RING]
    town = little_town(tmp_path, ways)
    [time_s] = town.travel_times_s(corner(4, 0), [corner(0, 0)], "car")
    assert time_s == pytest.approx(seconds(distance_m(corner(0, 0), corner(4, 0)), 60), rel=0.001)


def test_a_footway_is_for_feet(tmp_path: Path) -> None:
    ways = [*RING, ([(0, 0), (2, 2), (4, 4)], {"highway": "footway"})]
    town = little_town(tmp_path, ways)
    short = distance_m(corner(0, 0), corner(4, 4))
    assert town.travel_times_s(corner(4, 4), [corner(0, 0)], "foot")[0] == pytest.approx(
        seconds(short, FOOT_KMH), rel=0.001
    )
    round_m = distance_m(corner(0, 0), corner(4, 0)) + distance_m(corner(4, 0), corner(4, 4))
    assert town.travel_times_s(corner(4, 4), [corner(0, 0)], "car")[0] == pytest.approx(
        seconds(round_m, 30), rel=0.01
    )


def test_metres_off_the_road_are_walked_and_too_many_are_none(tmp_path: Path) -> None:
    town = little_town(tmp_path, [([(0, 0), (10, 0)], STREET)])
    off = distance_m(corner(5, 0), corner(5, 1))
    on_road, beside, far = town.travel_times_s(
        corner(8, 0), [corner(5, 0), corner(5, 1), corner(5, 3)], "car"
    )
    assert on_road is not None
    assert beside == pytest.approx(on_road + (off - FREE_SNAP_M) / WALK_MPS, rel=0.01)
    assert far is None
    assert town.travel_times_s(corner(8, 3), [corner(5, 0)], "car") == [None]
    assert town.travel_times_s(corner(8, 0), [], "car") == []


def test_no_way_within_the_limit_is_infinite(tmp_path: Path) -> None:
    ways = [*RING, ([(9, 0), (13, 0), (13, 4), (9, 4), (9, 0)], STREET)]
    town = little_town(tmp_path, ways)
    assert town.travel_times_s(corner(2, 0), [corner(11, 0)], "car") == [math.inf]
    near = town.travel_times_s(corner(4, 4), [corner(0, 0)], "car")[0]
    assert near is not None
    assert town.travel_times_s(corner(4, 4), [corner(0, 0)], "car", limit_s=near - 1) == [math.inf]
    assert town.travel_times_s(corner(4, 4), [corner(0, 0)], "car", limit_s=near + 1) == [near]


def test_a_yard_that_hangs_on_nothing_does_not_catch_a_unit(tmp_path: Path) -> None:
    big = [([(x, 0), (x, 8)], STREET) for x in range(9)] + [
        ([(x, y) for x in range(9)], STREET) for y in (0, 8)
    ]
    crossings = [([(x, y) for y in range(9)], STREET) for x in range(9)]
    yard = ([(2, -1), (3, -1)], {"highway": "service"})
    town = little_town(tmp_path, [*big, *crossings, yard])
    [time_s] = town.travel_times_s(corner(6, 0), [corner(2.5, -1)], "car")
    assert time_s is not None
    assert math.isfinite(time_s), "the unit is snapped to the street behind the yard"


def test_the_end_of_a_one_way_can_be_entered_and_a_unit_there_starts_from_the_street(tmp_path: Path) -> None:
    town = little_town(
        tmp_path,
        [
            ([(0, 0), (4, 0), (4, 2), (4, 4), (0, 4), (0, 0)], STREET),
            ([(4, 2), (6, 2)], {**STREET, "oneway": "yes"}),
        ],
    )
    inward = town.travel_times_s(corner(5.8, 2), [corner(4, 2)], "car")[0]
    assert inward == pytest.approx(seconds(distance_m(corner(4, 2), corner(5.8, 2)), 30), rel=0.01)
    [outward] = town.travel_times_s(corner(4, 0), [corner(5, 2)], "car")
    assert outward is not None
    assert math.isfinite(outward)


@pytest.mark.parametrize(
    ("tags", "forward", "backward"),
    [
        ({"highway": "primary"}, (60, 60, FOOT_KMH), (60, 60, FOOT_KMH)),
        ({"highway": "motorway"}, (100, 0, 0), (0, 0, 0)),
        ({"highway": "residential", "oneway": "yes"}, (30, 30, FOOT_KMH), (0, 0, FOOT_KMH)),
        ({"highway": "residential", "junction": "roundabout"}, (30, 30, FOOT_KMH), (0, 0, FOOT_KMH)),
        ({"highway": "residential", "maxspeed": "50"}, (40, 40, FOOT_KMH), (40, 40, FOOT_KMH)),
        ({"highway": "tertiary", "maxspeed": "TH:urban"}, (40, 40, FOOT_KMH), (40, 40, FOOT_KMH)),
        ({"highway": "service", "access": "private"}, (10, 10, FOOT_KMH), (10, 10, FOOT_KMH)),
        ({"highway": "track", "motor_vehicle": "no"}, (0, 0, FOOT_KMH), (0, 0, FOOT_KMH)),
        ({"highway": "track", "access": "no", "foot": "yes"}, (0, 0, FOOT_KMH), (0, 0, FOOT_KMH)),
        ({"highway": "pedestrian"}, (0, 10, FOOT_KMH), (0, 10, FOOT_KMH)),
        ({"highway": "steps"}, (0, 0, 2.5), (0, 0, 2.5)),
    ],
)  # fmt: skip
def test_tags_say_who_goes_how_fast(
    tags: dict[str, str], forward: tuple[float, ...], backward: tuple[float, ...]
) -> None:
    speeds = speeds_of(tags)
    assert speeds is not None
    assert speeds.forward == pytest.approx(forward)
    assert speeds.backward == pytest.approx(backward)


@pytest.mark.parametrize("highway", ["construction", "proposed", "platform", "raceway", ""])
def test_what_is_no_street_is_left_out(highway: str) -> None:
    assert speeds_of({"highway": highway}) is None


# ── a file that is not there, or not what it should be ──


def test_every_trouble_is_told_with_the_way_out(tmp_path: Path) -> None:
    missing, broken, no_street = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "c.osm"
    broken.write_bytes(b"this is not a road map")
    no_street.write_text("<osm version='0.6'><node id='1' version='1' lon='1' lat='1'/></osm>")
    for trouble in (
        lambda: load_roads(missing),
        lambda: load_roads(broken),
        lambda: import_roads(no_street, missing),
        lambda: import_roads(tmp_path / "nothing.osm.pbf", missing),
        lambda: import_roads(broken, missing),
    ):
        with pytest.raises(RoadsUnavailable) as told:
            trouble()
        assert told.value.words.th
        assert told.value.words.en
    assert not missing.exists(), "a failed import leaves nothing behind"


def test_without_the_extra_the_words_say_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['scipy'] = None; sys.modules['osmium'] = None\n"
        "from pathlib import Path; from safezone.zone import roads\n"
        "for ask in (lambda: roads.load_roads(Path('x')), lambda: roads.import_roads(Path('x'), Path('y'))):\n"
        "    try: ask()\n"
        "    except roads.RoadsUnavailable as told: print(told.words.en)\n"
        "    else: sys.exit('not told')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ran.stdout.count("pip install 'safezone[roads]'") == 2


def test_the_program_starts_without_the_heavy_libraries(tmp_path: Path) -> None:
    program = (
        "import sys, safezone.zone.roads, safezone.patrol.queries, safezone.patrol.handlers\n"
        "print([m for m in ('numpy', 'scipy', 'osmium') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ran.stdout.strip() == "[]"


# ── real extracts ──


def graph_of(name: str, folder: Path) -> RoadGraph:
    into = folder / FILE_NAME
    import_roads(shared_data(f"maps/osm/{name}"), into)
    return load_roads(into)


def by_hand(extract: Path) -> tuple[dict[str, Point], dict[str, list[tuple[str, float]]]]:
    """Nodes and car edges (seconds) of an extract, read without any of the code under test but `speeds_of`."""
    with gzip.open(extract) as stream:
        root = ET.parse(stream).getroot()  # noqa: S314 (our own data set)
    places = {
        n.get("id", ""): Point(float(n.get("lon", 0)), float(n.get("lat", 0))) for n in root.iter("node")
    }
    edges: dict[str, list[tuple[str, float]]] = {}
    for way in root.iter("way"):
        tags = {t.get("k", ""): t.get("v", "") for t in way.iter("tag")}
        speeds = speeds_of(tags) if "highway" in tags and tags.get("area") != "yes" else None
        if speeds is None:
            continue
        refs = [nd.get("ref", "") for nd in way.iter("nd")]
        for a, b in pairwise(refs):
            if a in places and b in places and a != b:
                metres = distance_m(places[a], places[b])
                for start, end, kmh in ((a, b, speeds.forward[0]), (b, a, speeds.backward[0])):
                    if kmh:
                        edges.setdefault(start, []).append((end, seconds(metres, kmh)))
    return places, edges


def quickest(edges: dict[str, list[tuple[str, float]]], start: str) -> dict[str, float]:
    """Seconds from one node to every other, forwards, node by node (Dijkstra 1959)."""
    found: dict[str, float] = {}
    heap = [(0.0, start)]
    while heap:
        spent, node = heapq.heappop(heap)
        if node not in found:
            found[node] = spent
            for after, more in edges.get(node, []):
                heapq.heappush(heap, (spent + more, after))
    return found


def test_a_real_town_agrees_with_counting_by_hand(tmp_path: Path) -> None:
    extract = shared_data("maps/osm/krems.osm.gz")
    graph = graph_of("krems.osm.gz", tmp_path)
    places, edges = by_hand(extract)
    lots = random.Random(16)
    # Crossings of at least three ways, so that a place belongs to one street net and not to a bridge over it.
    nodes = sorted(node for node, out in edges.items() if len({after for after, _ in out}) >= 3)
    # Only what can be left and entered: streets cut off by the edge of the extract are another test's business.
    hub = max(lots.sample(nodes, 10), key=lambda node: len(quickest(edges, node)))
    from_hub = quickest(edges, hub)
    nodes = [node for node in lots.sample(nodes, 80) if node in from_hub and hub in quickest(edges, node)]
    starts = lots.sample(nodes, 25)
    compared: list[bool] = []
    for target in lots.sample(nodes, 12):
        times = graph.travel_times_s(places[target], [places[s] for s in starts], "car", limit_s=3600)
        for start, time_s in zip(starts, times, strict=True):
            expected = quickest(edges, start).get(target)
            if time_s is None or math.isinf(time_s) or expected is None:
                continue
            assert time_s <= expected * 1.02 + 3, (start, target)
            compared.append(time_s >= expected * 0.98 - 3)
    assert len(compared) > 200
    # A position is known to some metres only: now and then the other carriageway, which is quicker, is as near.
    assert sum(compared) > 0.9 * len(compared)


@pytest.mark.parametrize(
    "name", ["andorra.osm.pbf", "krems.osm.gz", "moscow.osm.gz", "one_way_dead_end.osm.pbf"]
)
def test_every_extract_is_imported_and_answers_sensibly(name: str, tmp_path: Path) -> None:
    graph = graph_of(name, tmp_path)
    lots = random.Random(7)
    points = lots.sample(graph.list_points(), 80)
    fastest_mps = 130 / 3.6
    for profile in PROFILES:
        answered = 0
        for target in points[:20]:
            for point, time_s in zip(
                points, graph.travel_times_s(target, points, profile, 7200), strict=True
            ):
                if time_s is not None and math.isfinite(time_s):
                    assert time_s >= (distance_m(point, target) - 200) / fastest_mps
                    answered += 1
        assert answered > 100
    assert "OpenStreetMap" in graph.attribution


def test_usual_speeds_are_what_a_town_allows() -> None:
    assert all(10 <= kmh <= 100 for kmh in CAR_KMH.values())
