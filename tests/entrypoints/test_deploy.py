"""What stands in deploy/ speaks of things that exist: every metric, runbook and setting that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from safezone.entrypoints.cli.parsing import build_parser
from tests.support.places import REPO
from tests.support.station import RunningStation

DEPLOY = REPO / "deploy"
_NAME = re.compile(r"\b(?:safezone|process)_[a-z_]+")


def test_every_metric_that_is_named_exists(tmp_path: Path) -> None:
    station = RunningStation(tmp_path)
    try:
        station.api("sos-01").report()
        text = station.api("public").get("/metrics").text
    finally:
        station.close()
    known = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    samples = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    # Those of parts that this station does without: no broker, no backup.
    source = (REPO / "src/safezone/entrypoints/metrics.py").read_text("utf-8")
    for one in re.findall(r'_one\(\s*"([a-z_]+)"', source):
        samples.add(f"safezone_{one}")
    for one in re.findall(r'_count\(\s*"([a-z_]+)"', source):
        samples.add(f"safezone_{one}_total")
    named = _named()
    assert len(named) > 15
    assert not named - samples - known, "no such metric"


def _named() -> set[str]:
    board = json.loads((DEPLOY / "grafana" / "safezone.json").read_text("utf-8"))
    exprs = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    exprs += re.findall(
        r"^\s*expr: (.+)$", (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"), re.MULTILINE
    )
    return {name for expr in exprs for name in _NAME.findall(expr)}


def test_every_runbook_of_an_alert_exists() -> None:
    pages = re.findall(r'runbook: "([^"]+)"', (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    assert len(pages) > 5
    assert [page for page in pages if not (REPO / page).is_file()] == []


def test_compose_builds_from_what_is_here_and_keeps_what_the_station_writes() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    station = composed["services"]["station"]
    context = (DEPLOY / station["build"]["context"]).resolve()
    dockerfile = (context / station["build"]["dockerfile"]).read_text("utf-8")
    kept = {each.split(":")[1]: each.split(":")[0] for each in station["volumes"]}
    assert kept["/data"] in composed["volumes"], "a volume with a name outlives the container"
    assert station["read_only"] is True
    assert re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE) == ["dist/"]
    assert (context / ".dockerignore").read_text("utf-8").split() == ["*", "!dist"]


def test_the_container_calls_commands_that_exist() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    (starts,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    (checks,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", dockerfile, re.MULTILINE)
    program, *words = json.loads(checks)
    assert program == "safezone"
    started, checked = (build_parser().parse_args(each) for each in (json.loads(starts), words))
    assert (started.command, checked.command) == ("up", "alive")
    assert started.data == checked.data
