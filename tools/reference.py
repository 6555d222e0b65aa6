"""Writes the reference tables in docs/5-reference from the code, so that they cannot say anything else than it does.

`python -m tools.reference` names the pages that are out of date (status 1); with `--write` it writes them.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec

from safezone.core.docstrings import first_paragraph, meanings_of

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "5-reference"
HEAD = "<!-- Written by `make docs` from the code. Do not edit: change the code and run it again. -->\n\n"

Page = Callable[[], str | None]
"""Writes one page; None as long as the part of the program that it describes is not there."""


# ── commands ──


def commands_page() -> str | None:
    """Every command of `safezone` with its options, from the parser that the program itself uses."""
    parser = find_parser()
    if parser is None:
        return None
    lines = ["# Commands\n", f"{parser.description or ''}\n"]
    for name, command in commands_of(parser):
        lines += [
            f"## `safezone {name}`\n",
            f"{_sentence(command.description or '')}\n",
            *_arguments_table(command),
        ]
        if command.epilog:
            lines += ["```sh", *examples_in(command.epilog), "```\n"]
    return "\n".join(lines)


def find_parser() -> argparse.ArgumentParser | None:
    """The program's own argument parser; None until there is one."""
    module = _find_module("safezone.entrypoints.cli.parsing")
    if module is None:
        return None
    parser: argparse.ArgumentParser = module.build_parser()
    return parser


def commands_of(
    parser: argparse.ArgumentParser, before: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command with its full name ("admin link"), in the order of the help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                inner = list(commands_of(command, f"{before}{name} "))
                yield from inner or [(f"{before}{name}", command)]


def examples_in(epilog: str) -> list[str]:
    """The command lines in a command's closing help text, each on a line of its own (`example: safezone …`)."""
    return re.findall(r"^\s*(?:examples?: )?(safezone .*\S)", epilog, re.MULTILINE)


def _arguments_table(command: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in command._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        names = (
            ", ".join(f"`{each}`" for each in action.option_strings) or f"`{action.metavar or action.dest}`"
        )
        if action.option_strings and action.nargs != 0:
            names += f" `{action.metavar or action.dest.upper()}`"
        choices = f" One of: {', '.join(map(str, action.choices))}." if action.choices else ""
        meaning, preset = _without_default(action)
        rows.append(_row(names, _sentence(meaning) + choices, preset))
    return [_row("Argument", "Meaning", "Default"), "|---|---|---|", *rows, ""] if rows else []


def _without_default(action: argparse.Action) -> tuple[str, str]:
    """The meaning of an argument, and its default: as its help says it, or as the parser has it."""
    told = re.match(r"(?P<meaning>.*?)\s*\(default (?P<default>[^)]*)\)$", action.help or "")
    if told:
        return told["meaning"], f"`{told['default']}`"
    if action.required:
        return action.help or "", "needed"
    missing = action.default in (None, False, argparse.SUPPRESS) or action.default == []
    return action.help or "", "" if missing else f"`{action.default}`"


# ── events ──


def events_page() -> str | None:
    """Every kind of event that can stand in the log, with its fields."""
    base = _find_module("safezone.core.event")
    if base is None:
        return None
    for package in ("safezone.core", "safezone.events"):
        _import_all(package)
    by_module: dict[str, list[type[msgspec.Struct]]] = {}
    for each in _subclasses(base.Event):
        if each.__module__.startswith("safezone."):
            by_module.setdefault(each.__module__, []).append(each)
    if not by_module:
        return None
    lines = [
        "# Events\n",
        "What the log can hold. An event is past tense, is never changed, and names what it is about.\n",
    ]
    for module in sorted(by_module):
        lines += [f"## `{module}`\n", f"{first_paragraph(inspect.getdoc(sys.modules[module]))}\n"]
        for event in sorted(by_module[module], key=lambda each: _line_of(each)):
            lines += _event_section(event)
    return "\n".join(lines)


def _event_section(event: type[msgspec.Struct]) -> list[str]:
    about = getattr(event, "subject_field", None)
    rows = [
        _row(
            f"`{field.name}`",
            f"`{_type_name(event, field.name)}`",
            "what it is about" if field.name == about else _preset(field),
        )
        for field in msgspec.structs.fields(event)
    ]
    kind = event.__struct_config__.tag
    return [
        f"### `{kind}`\n",
        f"{first_paragraph(event.__doc__)}\n",
        _row("Field", "Type", "Default"),
        "|---|---|---|",
        *rows,
        "",
    ]


def _subclasses(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


# ── settings ──


def settings_page() -> str | None:
    """Every setting with its default and its meaning, section by section as in safezone.toml."""
    module = _find_module("safezone.core.settings")
    if module is None:
        return None
    whole: type[msgspec.Struct] = module.Settings
    lines = ["# Settings\n", f"{first_paragraph(module.__doc__)}\n", f"{first_paragraph(whole.__doc__)}\n"]
    sections = {each.name: each.type for each in msgspec.structs.fields(whole) if _is_struct(each.type)}
    lines += _settings_table(whole, leave_out=set(sections))
    for name, section in sections.items():
        lines += [f"## `[{name}]`\n", f"{first_paragraph(section.__doc__)}\n", *_settings_table(section)]
    return "\n".join(lines)


def _settings_table(struct: type[msgspec.Struct], leave_out: Collection[str] = ()) -> list[str]:
    meanings = meanings_of(struct)
    rows = [
        _row(
            f"`{field.name}`",
            _values(field.type),
            _preset(field),
            meanings.get(field.name, ""),
        )
        for field in msgspec.structs.fields(struct)
        if field.name not in leave_out
    ]
    return [_row("Setting", "Values", "Default", "Meaning"), "|---|---|---|---|", *rows, ""] if rows else []


def _values(kind: Any) -> str:
    """What may stand there, in words: the type, and its bounds where it has them."""
    of, *bounds = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    words = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}.get(of, f"`{of}`")
    for bound in bounds:
        low, high = getattr(bound, "ge", None), getattr(bound, "le", None)
        words += "" if low is None else f" from {low}"
        words += "" if high is None else f" to {high}"
    return words


def _is_struct(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, msgspec.Struct)


# ── http ──


def http_page() -> str | None:
    """Every HTTP route, from the OpenAPI document that the program serves at /schema."""
    document = find_openapi()
    if document is None:
        return None
    lines = [
        "# HTTP routes\n",
        "The full description, with every field, is what a running station serves at `/schema/openapi.json`.\n",
    ]
    by_tag: dict[str, list[str]] = {}
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            meaning = operation.get("description") or operation.get("summary") or ""
            row = _row(f"`{method.upper()} {path}`", first_paragraph(meaning))
            by_tag.setdefault(" · ".join(operation.get("tags", [])), []).append(row)
    for tag, rows in sorted(by_tag.items()):
        lines += [f"## {tag}\n"] if tag else []
        lines += [_row("Route", "What it does"), "|---|---|", *rows, ""]
    return "\n".join(lines)


def find_openapi() -> dict[str, Any] | None:
    """The OpenAPI document of a program put together but not running; None until there is one."""
    main, node, house, api = (
        _find_module(each)
        for each in (
            "safezone.main",
            "safezone.entrypoints.node",
            "safezone.entrypoints.house",
            "safezone.entrypoints.api_description",
        )
    )
    if main is None or node is None or house is None or api is None:
        return None
    settings = _find_module("safezone.core.settings").Settings()
    with tempfile.TemporaryDirectory() as place:
        folder = house.DataFolder(Path(place))
        folder.make()
        database = folder.open_database(settings)
        try:
            engine = house.Engine(main.wire(settings), database, "reference")
            document: dict[str, Any] = api.describe(node.Node(engine, folder).app)
            engine.desk.close()
        finally:
            database.close()
    return document


# ── all of it ──

PAGES: dict[str, tuple[Page, str]] = {
    "commands.md": (commands_page, "every command with its options and an example"),
    "settings.md": (settings_page, "everything that can stand in `safezone.toml`, with its default"),
    "events.md": (events_page, "what the log can hold, field by field"),
    "http.md": (http_page, "every route of the API"),
}


def _title(name: str) -> str:
    title = name.removesuffix(".md")
    return title.upper() if title == "http" else title.capitalize()


def pages() -> dict[str, str | None]:
    """Each page's text by its file name, the index first; None for a page that nothing can be said on yet."""
    texts = {name: page() for name, (page, _) in PAGES.items()}
    rows = [_row(f"[{_title(name)}]({name})", about) for name, (_, about) in PAGES.items() if texts[name]]
    index = [
        "# Reference\n",
        "Exact names, written from the code. `make check` fails when a page and the code differ.\n",
        _row("Page", "Holds"),
        "|---|---|",
        *rows,
    ]
    return {"README.md": "\n".join(index), **texts}


def list_out_of_date(*, write: bool = False) -> list[str]:
    """The names of the pages that differ from the code; none differs any more after `write`."""
    differing = []
    for name, text in pages().items():
        path = FOLDER / name
        wanted = None if text is None else HEAD + text.rstrip() + "\n"
        found = path.read_text(encoding="utf-8") if path.exists() else None
        if wanted != found:
            differing.append(name)
            if write and wanted is not None:
                path.write_text(wanted, encoding="utf-8")
            elif write:
                path.unlink()
    return differing


def _find_module(name: str) -> Any:
    """The imported module, or None if there is no such file; an error inside it is not hidden."""
    try:
        return importlib.import_module(name) if importlib.util.find_spec(name) else None
    except ModuleNotFoundError as missing:
        if missing.name is not None and name.startswith(missing.name):
            return None
        raise


def _import_all(package_name: str) -> None:
    package = _find_module(package_name)
    for each in pkgutil.walk_packages(package.__path__, f"{package_name}.") if package else ():
        importlib.import_module(each.name)


def _type_name(struct: type, field_name: str) -> str:
    """The type as it is written in the source, without the name of its module."""
    for each in struct.__mro__:
        if field_name in inspect.get_annotations(each):
            written = inspect.get_annotations(each)[field_name]
            return written if isinstance(written, str) else inspect.formatannotation(written)
    raise LookupError(f"{struct.__name__}.{field_name}")


def _preset(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{field.default_factory()!r}`"
    return "" if field.default is msgspec.NODEFAULT else f"`{field.default!r}`"


def _line_of(struct: type) -> int:
    return inspect.getsourcelines(struct)[1]


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:]}" + ("" if not text or text[-1] in ".!?" else ".")


def main() -> int:
    """Say which pages differ, or write them; 1 when something differs and was not written."""
    write = "--write" in sys.argv[1:]
    differing = list_out_of_date(write=write)
    for name in differing:
        print(f"{'wrote' if write else 'out of date:'} docs/5-reference/{name}")
    return 1 if differing and not write else 0


if __name__ == "__main__":
    sys.exit(main())
