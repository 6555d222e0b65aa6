"""The recipe for a station set says what the reader of station sets does."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from safezone.zone.findings import Findings
from safezone.zone.sheets import list_rows
from safezone.zone.station_set import read_zone_set
from tests.support.places import REPO
from tests.zone.ground import MUKDAHAN

RECIPE = (REPO / "docs/2-recipes/station-set.md").read_text("utf-8")


def test_the_station_toml_of_the_recipe_is_taken(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MUKDAHAN, tmp_path / "set"))
    (example,) = re.findall(r"^```toml\n(.*?)^```", RECIPE, re.MULTILINE | re.DOTALL)
    (folder / "station.toml").write_text(example, "utf-8")
    findings = Findings()
    zone = read_zone_set(folder, findings)
    assert findings.problems == findings.notices == []
    assert zone is not None
    assert zone.population is not None
    assert zone.population.as_of == "2024-06-30"


def test_the_tables_of_the_recipe_have_the_columns_that_are_read() -> None:
    rows = re.findall(r"^\| `(\w+\.csv)` \| `([a-z_, ]+)`", RECIPE, re.MULTILINE)
    assert len(rows) == 4
    for name, columns in rows:
        header = (MUKDAHAN / name).read_text("utf-8").splitlines()[0]
        assert header == columns.replace(", ", ",")
        findings = Findings()
        assert list_rows(MUKDAHAN / name, columns.split(", "), (), findings)
        assert findings.problems == findings.notices == []


def test_the_kinds_of_place_in_the_recipe_are_those_of_the_demonstration() -> None:
    (listed,) = re.findall(r"the map knows\n(.*?)\. An `id`", RECIPE, re.DOTALL)
    drawn = set(
        re.findall(r'"layer": "place".*?"kind": "(\w+)"', (MUKDAHAN / "zone.geojson").read_text("utf-8"))
    )
    assert drawn == set(re.findall(r"`(\w+)`", listed))


def test_the_mistake_of_the_recipe_is_told_like_that(tmp_path: Path) -> None:
    path = tmp_path / "sos_points.csv"
    path.write_text("code,lon,lat\nsos-01,16.543876,104.729697\n", "utf-8")
    findings = Findings()
    for row in list_rows(path, ("code", "lon", "lat"), (), findings):
        row.point()
    (finding,) = findings.problems
    assert f"{finding.where().th}: {finding.words.th}\n" in RECIPE
    assert f"{finding.where().en}: {finding.words.en}\n" in RECIPE
