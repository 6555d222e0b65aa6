"""Waits until the node has said how the broker is to be started, mends its store, and then becomes the broker."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from safezone.entrypoints.broker.mend import mend


def main(call: Path) -> None:
    """Never returns: becomes the broker, or sleeps where the station has a broker of its own."""
    while not call.exists():
        time.sleep(0.01)
    said = json.loads(call.read_text("utf-8"))
    if not said["argv"]:
        signal.pause()
    _mend(Path(said["directory"]))
    os.execve(said["argv"][0], said["argv"], {**os.environ, **said["env"]})  # noqa: S606 - the node wrote it


def _mend(directory: Path) -> None:
    try:
        aside = mend(directory)
    except Exception as problem:  # Whatever it is: the broker is started as it stands.
        _say(
            f"ไฟล์ของโบรกเกอร์ใน {directory} เสียหายและซ่อมไม่ได้: {problem} (broker.md)",
            f"The broker's files in {directory} could not be looked at or mended: {problem} (broker.md)",
        )
        return
    if aside is not None:
        _say(
            f"ไฟล์ของโบรกเกอร์เสียหาย ({', '.join(aside.parts)}) ย้ายไปไว้ที่ {aside.folder} (broker.md)",
            f"The broker's files are torn ({', '.join(aside.parts)}): set aside in {aside.folder} (broker.md)",
        )


def _say(th: str, en: str) -> None:
    print(f"{th} / {en}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
