"""Pages of the site that are made from the package, and from files at the root of the repository."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CARDS = sorted((ROOT / "xsearch" / "models" / "weights").glob("*.md"))

RENAMED = {
    "docs/": "",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{f"xsearch/models/weights/{card.name}": f"model-cards.md#{card.stem.replace('_', '-')}" for card in CARDS},
}
"""Links to files outside the folder of the pages, and where the site has them."""


def commands() -> str:
    """The command line, as its help describes it."""
    import typer
    from typer.cli import get_docs_for_click

    from xsearch.cli.app import app

    group = typer.main.get_command(app)
    text = get_docs_for_click(obj=group, ctx=typer.Context(group), name="xsearch")
    return text.replace("# `xsearch`", "# Command line", 1)


def stages() -> list[tuple[str, str, type]]:
    """(module, name, class) of every dataclass of settings that the package holds, in the order of the rooms."""
    from tests.architecture import sources

    found = []
    for path in sources():
        if "Settings:" not in path.read_text(encoding="utf-8"):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = import_module(name)
        mine = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name]
        found += [
            (name, stage.__name__, stage)
            for stage in mine
            if stage.__name__.endswith("Settings")
            and not any(is_dataclass(getattr(stage(), one.name)) for one in fields(stage))  # those hold others
        ]
    return found


def settings() -> str:
    """Every number that decides a stage, with its unit and its source."""
    parts = [
        "# Settings\n\nThe numbers that decide each stage, with their units and sources, as the code holds them. "
        "`open_index(settings=...)` takes others, and every result records those that were used.\n"
    ]
    for module, name, stage in stages():
        summary = " ".join((stage.__doc__ or "").partition("\n\n")[0].split())
        heading = f"{module.removeprefix('xsearch.')}.{name}"
        parts.append(f"## {heading}\n\n{summary}\n\n{settings_table(f'{module}.{name}')}\n")
    return "\n".join(parts)


def settings_table(path: str) -> str:
    """A stage's numbers as a table."""
    from xsearch.settings import described

    module, _, name = path.rpartition(".")
    rows = described(getattr(import_module(module), name)())
    lines = ["| setting | value | unit | source |", "|---|---|---|---|"]
    lines += [f"| `{key}` | {_value(value)} | {unit} | {cell(source)} |" for key, value, unit, source in rows]
    return "\n".join(lines)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return cell(", ".join(f"{key}: {_value(one)}" for key, one in value.items()))
    if isinstance(value, tuple | list):
        return cell(", ".join(map(_value, value)))
    return cell(f"{value:g}" if isinstance(value, float) else str(value))


def cell(text: str) -> str:
    """Text that can stand in a table."""
    return " ".join(text.replace("|", "\\|").replace("$", "\\$").split())


def cards() -> str:
    """The cards of the weights that ship."""
    parts = ["# Model cards\n\nWhat each learned part was trained on, and how well it does.\n"]
    for card in CARDS:
        text = card.read_text(encoding="utf-8")
        body = "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())
        parts.append(f'<a id="{card.stem.replace("_", "-")}"></a>\n\n{body}\n')
    return "\n".join(parts)


def results() -> str:
    """Every part of every benchmark: how, on what, when and where it was measured."""
    from benchmarks.results import FOLDER, load

    parts = [
        "# How each figure was measured\n\nFrom `benchmarks/results/*.json`. `make bench` measures them anew, "
        "`python -m benchmarks.run --list` says which are of other code. *Transcribed* figures stood in the pages "
        "before results were kept in files. Data sets are described in [benchmarks](benchmarks.md).\n"
    ]
    for path in sorted(FOLDER.glob("*.json")):
        lines = ["| part | N | measured on | date | code | machine | time |", "|---|---|---|---|---|---|---|"]
        commands: dict[str, list[str]] = {}
        for name, part in load(path.stem).items():
            code = "transcribed" if part.transcribed else f"`{part.code}`"
            seconds = "" if part.seconds is None else f"{part.seconds:,.0f} s"
            cells = (name, f"{part.n:,}", cell(part.split), part.date, code, part.machine, seconds)
            lines.append(f"| {' | '.join(cells)} |")
            commands.setdefault(part.command.strip(), []).append(name)
        runs = "\n".join(f"- {', '.join(names)}: `{command}`" for command, names in commands.items())
        parts.append(f"## {path.stem}\n\n{runs}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def text_of(name: str) -> Callable[[], str]:
    """A file at the root."""
    return lambda: (ROOT / name).read_text(encoding="utf-8")


PAGES: dict[str, Callable[[], str]] = {
    "changelog.md": text_of("CHANGELOG.md"),
    "contributing.md": text_of("CONTRIBUTING.md"),
    "commands.md": commands,
    "results.md": results,
    "settings.md": settings,
    "model-cards.md": cards,
}
