"""What the program is made of: writes the bill of materials (CycloneDX) and refuses a licence that nobody has looked at.

    python -m tools.supply            build/sbom.cdx.json; status 1 and one line for each licence that is not allowed

Works without a network, from the two lock files and what is installed, so it says the same every time. Whether any of
it has a known vulnerability changes from day to day and needs the network: that is `make audit`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Final, cast

ROOT: Final = Path(__file__).parent.parent
SBOM: Final = ROOT / "build" / "sbom.cdx.json"

SHIPPED: Final = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU",
    "OFL-1.1", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
"""Licences of what a station runs: they ask for nothing but their text, so any partner may run and pass it on."""
LOOKED_AT: Final = {
    "colorama": "BSD-3-Clause; on Windows only, so not installed here",
    "certifi": "MPL-2.0: a list of certificates, unchanged",
    "fpdf2": "LGPL-3.0-only: a library of its own, unchanged, that a station can replace",
    "psycopg": "LGPL-3.0-only: a library of its own, unchanged, that a station can replace",
    "psycopg-binary": "LGPL-3.0-only: as psycopg",
    "pyrage": "MIT: its metadata names no licence; its repository does",
}
"""Packages with another licence, or none in their metadata, that somebody has looked at, and why they may be shipped."""
COMPILED_IN: Final = {"svelte"}
"""What is installed to build the screens and ends up in them."""
_SAID_OTHERWISE: Final = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause", "bsd 2-clause license": "BSD-2-Clause",
    "mit license": "MIT",
    "dual license": "Apache-2.0 OR BSD-3-Clause", "python software foundation license": "PSF-2.0",
}  # fmt: skip


def licence_of(name: str) -> str:
    """The licence of an installed package as an SPDX expression where it says one, else in its own words; "" if none."""
    try:
        said = cast("Message", metadata(name))
    except PackageNotFoundError:
        return "not installed"
    wanted: list[str] = [said.get("License-Expression", ""), said.get("License", "")]
    wanted += [
        line.rsplit(" :: ", 1)[1]
        for line in said.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    for each in (each.strip().partition("\n")[0] for each in wanted if each):
        spdx = _SAID_OTHERWISE.get(each.lower(), each)
        if is_allowed(spdx):
            return spdx
    return next((each[:60] for each in wanted if each), "")


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met with allowed licences: all of an AND, one of an OR."""
    flat = expression.replace("(", " ").replace(")", " ")
    return any(
        all(each.strip() in SHIPPED for each in re.split(r"\s+AND\s+", choice))
        for choice in re.split(r"\s+OR\s+", flat)
    )


def describe() -> dict[str, Any]:
    """The bill of materials of what a station runs: Python packages by uv, screens from their own lock file."""
    asked = [str(ROOT / ".tools/bin/uv"), "export", "--frozen", "--offline", "--no-dev", "--all-extras"]
    made = subprocess.run(
        [*asked, "--format", "cyclonedx1.5", "--quiet"], cwd=ROOT, capture_output=True, check=True
    )
    document: dict[str, Any] = json.loads(made.stdout)
    for component in document["components"]:
        _say_licence(component, licence_of(component["name"]))
    document["components"] += _screens()
    # Nothing that changes by itself: the same locks give the same bytes.
    del document["serialNumber"]
    del document["metadata"]["timestamp"]
    return document


def _screens() -> Iterator[dict[str, Any]]:
    """What is built into the screens; what only builds them is not shipped."""
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
    for path, package in sorted(locked.items()):
        name = path.rpartition("node_modules/")[2]
        if path and (name in COMPILED_IN or not package.get("dev")):
            component = {
                "type": "library",
                "bom-ref": f"npm:{path}",
                "name": name,
                "version": package["version"],
                "purl": f"pkg:npm/{name.replace('@', '%40')}@{package['version']}",
            }
            _say_licence(component, package.get("license", ""))
            yield component


def _say_licence(component: dict[str, Any], licence: str) -> None:
    if licence:
        known = {"expression": licence} if is_allowed(licence) else {"license": {"name": licence}}
        component["licenses"] = [known]


def faults(document: dict[str, Any]) -> list[str]:
    """One line for each component whose licence nobody has allowed."""
    found = []
    for component in document["components"]:
        said = component.get("licenses", [{}])[0]
        name = component["name"]
        if "expression" not in said and name not in LOOKED_AT and name != "safezone":
            licence = said.get("license", {}).get("name", "no licence")
            found.append(
                f"{name} {component['version']}: {licence} is not among the licences of tools/supply.py"
            )
    return found


def main() -> int:
    """Write the bill of materials; 1 when a licence is not allowed."""
    document = describe()
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    wrong = faults(document)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
