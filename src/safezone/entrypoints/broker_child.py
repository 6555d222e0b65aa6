"""Waits until the node has said how the broker is to be started, and then becomes the broker."""

import json
import os
import signal
import sys
import time
from pathlib import Path


def main(call: Path) -> None:
    """Never returns: becomes the broker, or sleeps where the station has a broker of its own."""
    while not call.exists():
        time.sleep(0.01)
    said = json.loads(call.read_text("utf-8"))
    if not said["argv"]:
        signal.pause()
    os.execve(said["argv"][0], said["argv"], {**os.environ, **said["env"]})  # noqa: S606 - the node wrote it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
