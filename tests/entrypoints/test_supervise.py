"""The supervisor with real processes: what dies is started again, and in the end nobody is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from safezone.entrypoints.child import restart_delay_s
from tests.support.places import REPO, eventually

SLEEPER = "import signal; signal.pause()"
READY = "from safezone.entrypoints.lifeline import tell_ready; tell_ready(); import signal; signal.pause()"
STUBBORN = (
    "import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path('deaf').touch(); [signal.pause() for _ in iter(int, 1)]"
)


def python(code: str, **more: Any) -> dict[str, Any]:
    return {"argv": [sys.executable, "-c", code], **more}


class Running:
    """A supervisor in a process of its own, as `safezone up` is one."""

    def __init__(self, directory: Path, children: list[dict[str, Any]], grace_s: float, speaks: str) -> None:
        self.run_dir = directory / "run"
        self.said = directory / "said.txt"
        program = f"""
            import pathlib, sys
            from safezone.entrypoints.child import ChildSpec
            from safezone.entrypoints.supervise import Supervisor
            from safezone.entrypoints.voice import speak
            speak({speaks!r})
            children = [ChildSpec(**each) for each in {children!r}]
            ready = pathlib.Path({str(directory / "ready")!r}).touch
            def alone():
                with open("alone", "a") as file: file.write("1")
            sys.exit(Supervisor(
                children, pathlib.Path({str(self.run_dir)!r}), grace_s={grace_s}, when_alone=alone, when_ready=ready
            ).run())
        """
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(program)],
                stderr=said,
                cwd=directory,
                # Also where the tests themselves were started with nohup.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            )

    def child(self, name: str) -> dict[str, Any]:
        """What the status file says of a child that runs."""

        def find() -> dict[str, Any]:
            try:
                told = json.loads((self.run_dir / "children.json").read_text())["children"]
            except FileNotFoundError:
                return {}
            return next((each for each in told if each["name"] == name and each["pid"]), {})

        return eventually(find)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Running] = []

    def begin(*children: dict[str, Any], grace_s: float = 60.0, speaks: str = "text") -> Running:
        running.append(Running(tmp_path, list(children), grace_s, speaks))
        return running[-1]

    yield begin
    for each in running:
        each.process.kill()  # Its children end with it.
        each.process.wait()


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("deaths", "delay_s"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 2.0), (5, 10.0), (1000, 10.0)]
)
def test_the_first_restart_is_at_once_and_no_wait_is_longer_than_ten_seconds(
    deaths: int, delay_s: float
) -> None:
    assert restart_delay_s(deaths) == delay_s


def test_what_dies_is_started_again_and_the_status_file_says_so(start: Start) -> None:
    running = start({"name": "broker", **python(SLEEPER)}, {"name": "node", **python(SLEEPER)})
    broker, node = running.child("broker"), running.child("node")
    os.kill(node["pid"], signal.SIGKILL)
    eventually(lambda: running.child("node")["restarts"] == 1)
    after = running.child("node")
    assert after["pid"] != node["pid"]
    assert after["since"] > node["since"]
    assert after["since"].endswith("Z")
    assert running.child("broker") == broker, "the others are not touched"
    line = running.said.read_text()
    assert "node หยุด" in line
    assert "node has ended (signal 9) and is started again in 0.0 s" in line


def test_ready_is_said_when_every_child_that_says_so_has_said_so(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    running = start(
        {"name": "broker", **python(SLEEPER)},
        {"name": "node", **python(f"open({str(gate)!r}).read()\n{READY}", tells_ready=True)},
    )
    running.child("node")
    assert not (tmp_path / "ready").exists()
    gate.write_text("now")
    eventually((tmp_path / "ready").exists)


def test_the_service_manager_hears_when_it_is_ready_that_it_lives_and_when_it_ends(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd listens: one that hangs falls silent, and its children never speak in its place."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20.0)

        def hear(wanted: str) -> None:
            assert eventually(lambda: manager.recv(4096).decode() == wanted), wanted

        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        inner = (
            f"import os; open({str(gate)!r}).read(); open('heard', 'w').write(str('NOTIFY_SOCKET' in os.environ))\n"
            + READY
        )
        running = start({"name": "node", **python(inner, tells_ready=True)})
        assert manager.recv(4096) == b"WATCHDOG=1", "alive before it is ready"
        gate.write_text("now")
        hear("READY=1")
        assert (tmp_path / "heard").read_text() == "False"
        hear("WATCHDOG=1")
        running.process.send_signal(signal.SIGSTOP)
        eventually(lambda: psutil.Process(running.process.pid).status() == psutil.STATUS_STOPPED)
        manager.setblocking(False)
        with suppress(BlockingIOError):  # What had been said before.
            while manager.recv(4096):
                pass
        manager.settimeout(0.6)
        with pytest.raises(TimeoutError):
            manager.recv(4096)
        manager.settimeout(20.0)
        running.process.send_signal(signal.SIGCONT)
        hear("WATCHDOG=1")
        running.process.send_signal(signal.SIGTERM)
        hear("STOPPING=1")
        assert running.process.wait(20) == 0


def test_a_service_manager_that_is_gone_stops_nobody(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    running = start({"name": "node", **python(READY, tells_ready=True)})
    eventually((tmp_path / "ready").exists)
    assert running.stop() == 0


def test_a_child_without_a_supervisor_says_ready_to_nobody() -> None:
    code = "from safezone.entrypoints.lifeline import tell_ready; tell_ready()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everybody_and_is_no_failure(start: Start, number: signal.Signals) -> None:
    running = start({"name": "broker", **python(SLEEPER)}, {"name": "node", **python(SLEEPER)})
    pids = [running.child("broker")["pid"], running.child("node")["pid"]]
    running.process.send_signal(number)
    assert running.process.wait(60) == 0
    assert all(map(is_gone, pids))
    assert not (running.run_dir / "children.json").exists()


def test_they_end_in_the_opposite_order(start: Start, tmp_path: Path) -> None:
    """The node still hands its receipts to the broker while it ends."""
    tells = (
        "import signal, sys, pathlib\n"
        "def end(*_):\n"
        "    with open('order', 'a') as file: file.write(sys.argv[1] + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); pathlib.Path('up-' + sys.argv[1]).touch(); signal.pause()"
    )
    names = ["broker", "node", "simulator"]
    running = start(*({"name": each, "argv": [sys.executable, "-c", tells, each]} for each in names))
    eventually(lambda: all((tmp_path / f"up-{each}").exists() for each in names))
    assert running.stop() == 0
    assert (tmp_path / "order").read_text().split() == names[::-1]


def test_whoever_does_not_listen_is_ended_all_the_same(start: Start, tmp_path: Path) -> None:
    running = start({"name": "node", **python(STUBBORN)}, grace_s=0.3)
    pid = running.child("node")["pid"]
    eventually((tmp_path / "deaf").exists)
    assert running.stop() == 0
    assert is_gone(pid)


def test_a_second_ctrl_c_does_not_wait(start: Start, tmp_path: Path) -> None:
    running = start({"name": "node", **python(STUBBORN)}, grace_s=600.0)
    eventually((tmp_path / "deaf").exists)

    def insist() -> bool:
        running.process.send_signal(signal.SIGINT)
        return running.process.poll() is not None

    assert eventually(insist)


def test_what_a_child_has_started_ends_with_it(start: Start, tmp_path: Path) -> None:
    code = (
        "import subprocess, pathlib, signal\n"
        "pid = subprocess.Popen(['sh', '-c', 'trap : TERM; while :; do sleep 600; done']).pid\n"
        "pathlib.Path('grandchild.new').write_text(str(pid)); pathlib.Path('grandchild.new').rename('grandchild')\n"
        "signal.pause()"
    )
    running = start({"name": "node", **python(code)})
    eventually((tmp_path / "grandchild").exists)
    running.stop()
    eventually(lambda: is_gone(int((tmp_path / "grandchild").read_text())))


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends the children of a parent that was killed"
)
def test_nobody_outlives_a_supervisor_that_was_killed(start: Start) -> None:
    running = start({"name": "broker", **python(STUBBORN)}, {"name": "node", **python(SLEEPER)})
    pids = [running.child("broker")["pid"], running.child("node")["pid"]]
    running.process.kill()
    eventually(lambda: all(map(is_gone, pids)))


def test_a_child_that_cannot_start_at_all_ends_everything_with_its_code(start: Start) -> None:
    running = start({"name": "broker", **python(SLEEPER)}, {"name": "node", **python("raise SystemExit(78)")})
    assert running.process.wait(60) == 78
    assert "started again" not in running.said.read_text()


def test_what_had_come_up_once_is_not_given_up(start: Start, tmp_path: Path) -> None:
    """The disk fills up while the station runs: the node comes back when there is room again."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    code = (
        "import pathlib, sys; from safezone.entrypoints.lifeline import tell_ready\n"
        f"if not pathlib.Path('came-up').exists():\n    tell_ready(); open({str(gate)!r}).read()\n"
        "    pathlib.Path('came-up').touch(); sys.exit(78)\n" + SLEEPER
    )
    running = start({"name": "node", **python(code, tells_ready=True)})
    eventually((tmp_path / "ready").exists)
    gate.write_text("the disk is full")
    eventually(lambda: running.child("node")["restarts"] == 1)
    assert running.process.poll() is None


def test_a_program_that_is_not_there_is_named(start: Start) -> None:
    running = start({"name": "broker", "argv": ["/nowhere/nats-server"]})
    assert running.process.wait(60) == 78
    assert "Cannot start broker: /nowhere/nats-server: No such file or directory" in running.said.read_text()


def test_two_supervisors_do_not_share_one_station(start: Start, tmp_path: Path) -> None:
    first = start({"name": "node", **python(SLEEPER)})
    first.child("node")
    second = start({"name": "node", **python(SLEEPER)})
    assert second.process.wait(60) == 78
    assert "already runs on this data" in second.said.read_text()
    assert (tmp_path / "alone").read_text() == "1", "nothing of the first is touched before that is known"
    assert first.process.poll() is None


def test_a_directory_that_cannot_be_written_is_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a directory should be")
    running = start({"name": "node", **python(SLEEPER)})
    assert running.process.wait(60) == 78
    assert "Cannot write to" in running.said.read_text()


def test_a_child_gets_its_own_surroundings(start: Start, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code = (
        "import os, pathlib; pathlib.Path('new').write_text(os.environ['COLOUR']); os.rename('new', 'told')\n"
        + SLEEPER
    )
    start({"name": "node", **python(code, env={"COLOUR": "red"}, cwd=str(tmp_path / "elsewhere"))})
    eventually((tmp_path / "elsewhere" / "told").exists)
    assert (tmp_path / "elsewhere" / "told").read_text() == "red"


def test_what_a_child_says_in_its_own_words_becomes_lines_of_json(start: Start) -> None:
    words = (
        "import os, sys; os.write(1, b'one\\n\\ntwo \\xff\\nthree'); os.write(2, b' and more'); sys.exit(3)"
    )
    running = start({"name": "broker", **python(words, is_wrapped=True)}, speaks="json")
    eventually(lambda: running.said.read_text().count("\n") >= 4)
    running.stop()
    said = [json.loads(line) for line in running.said.read_text().splitlines()]
    told = [each["message"] for each in said if each["logger"] == "safezone.broker"]
    assert told[:3] == ["one", "two \ufffd", "three and more"]
    ended = [each for each in said if each["logger"] == "safezone.supervisor"]
    assert "broker has ended (code 3)" in ended[0]["message"]


def test_a_command_can_turn_into_the_supervisor(tmp_path: Path) -> None:
    code = f"""
        import pathlib
        import msgspec  # stands for all that a command had to load
        from safezone.entrypoints.child import ChildSpec
        from safezone.entrypoints.supervise import become_supervisor
        become_supervisor([ChildSpec("node", [{sys.executable!r}, "-c", {SLEEPER!r}])], pathlib.Path("run"))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path)
    status = tmp_path / "run" / "children.json"
    eventually(status.exists)
    assert json.loads(status.read_text())["supervisor"]["pid"] == process.pid
    assert (tmp_path / "run" / "supervise.json").stat().st_mode & 0o777 == 0o600
    process.terminate()
    assert process.wait(60) == 0


def test_it_loads_nothing_that_it_does_not_need() -> None:
    """It runs beside the program all the time; what it imports stays in memory."""
    code = "import sys, safezone.entrypoints.supervise; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True
    )
    heavy = {"asyncio", "msgspec", "sqlalchemy", "inspect", "safezone.core"}
    assert not heavy & set(loaded.stdout.split())
