"""The command `safezone`: reads the command line, and loads the rest of the program only where it is needed."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from safezone.entrypoints.cli import parsing as cli

if TYPE_CHECKING:
    from safezone.core.settings import Settings
    from safezone.entrypoints.house import House


def _wire(settings: Settings) -> House:
    house: House = import_module("safezone.main").wire(settings)
    return house


def main() -> None:
    """What `safezone` on the command line does; its exit status says whether it went well."""
    if sys.argv[1:2] == ["node"]:
        # What is loaded at the start stays: looking for rubbish in it takes an eighth of the start for nothing. The node
        # begins to look once it is ready.
        gc.disable()
    sys.exit(cli.run(sys.argv[1:], _wire))


if __name__ == "__main__":
    main()
