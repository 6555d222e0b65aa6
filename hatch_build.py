"""Puts the built screens into the wheel; an editable install does without them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ScreensBuildHook(BuildHookInterface[Any]):
    """Builds web/ before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """After this src/safezone/web_dist is what the sources say; an error stops the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        # The build runs with an import path of its own, so the neighbour is loaded by its place.
        path = Path(self.root) / "tools" / "build_web.py"
        spec = importlib.util.spec_from_file_location("build_web", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        build_web = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build_web)
        build_web.build_web(Path(self.root))
