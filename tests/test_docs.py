"""The README and the pages: short enough, links that lead somewhere, commands and options that exist."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from tests.architecture import ROOT
from tests.cli.test_app import TREE

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), *TUTORIALS]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
GENERATED = {f"{name}.md" for name in "changelog commands contributing model-cards results settings".split()}
"""Pages that docs/site/generated.py makes; `make docs` checks the links to them."""

WANTED = (
    "getting-started file-formats scores-and-verdicts materials-project xanes unknown-compounds python-api scaling "
    "metadata benchmarks limitations architecture glossary"
)


def command_lines() -> list[tuple[str, str]]:
    """(page, line) of every call of xsearch in a page, in blocks of code and in a line."""
    return [
        (page.name, line.replace("`", " ").split("  #")[0])
        for page, text in TEXT.items()
        for line in re.findall(r"(?:^|^\$ |`)(xsearch (?!is\b|/)[a-z][^`\n]*)", text, re.MULTILINE)
        if line.split()[1] in {words[0] for words in TREE}
    ]


def test_the_readme_is_short() -> None:
    text = TEXT[ROOT / "README.md"]
    assert text.count("\n") <= 150
    assert len(text.split()) <= 1500


@pytest.mark.parametrize("name", WANTED.split())
def test_every_page_is_there_and_linked_from_the_readme(name: str) -> None:
    assert ROOT / "docs" / f"{name}.md" in TEXT
    assert f"docs/{name}.md" in TEXT[ROOT / "README.md"]


def test_the_site_lists_every_page() -> None:
    listed = set(
        re.findall(r": ([\w/-]+\.(?:md|py))$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    )
    there = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES if (ROOT / "docs") in page.parents}
    assert listed == there | GENERATED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT[page])
    assert not [link for link in links if not (page.parent / link).exists() and Path(link).name not in GENERATED]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_line_of_a_page_can_be_read(page: Path) -> None:
    without_names = re.sub(r"<!--=[^>]+-->", "", TEXT[page])  # those of figures, which browsers do not show
    assert not [line for line in without_names.splitlines() if len(line) > 240]


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_commands_of_the_pages_exist_with_their_options(page: str, line: str) -> None:
    given = shlex.split(line.replace("...", " "))[1:]
    given = given[: given.index(">")] if ">" in given else given  # into a file
    words = next((words for words in TREE if tuple(given[: len(words)]) == words), None)
    if words is None:  # a group, such as `xsearch index`
        assert any(known[0] == given[0] for known in TREE), f"{page}: {line}"
        return
    options = {name for one in TREE[words].params for name in (*one.opts, *one.secondary_opts)}
    assert {word.split("=")[0] for word in given if word.startswith("--")} <= options | {"--help"}, f"{page}: {line}"


def test_the_page_on_the_index_names_its_files() -> None:
    from xsearch.indexes import assemble, embedding, metadata, spectra, xanes_vectors

    files = [
        name
        for module in (assemble, embedding, metadata, spectra, xanes_vectors)
        for name in vars(module).values()
        if isinstance(name, str) and re.fullmatch(r"[\w.]+\.(?:arrow|npy|faiss|parquet)", name)
    ]
    assert len(files) >= 14
    assert not [name for name in files if name not in TEXT[ROOT / "docs" / "index-format.md"]]


def test_the_pages_that_are_made_from_the_package_can_be_made() -> None:
    spec = importlib.util.spec_from_file_location("generated", ROOT / "docs" / "site" / "generated.py")
    assert spec is not None
    assert spec.loader is not None
    generated = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generated)
    assert set(generated.PAGES) == GENERATED
    made = {name: content() for name, content in generated.PAGES.items()}
    assert all(line.count(" | ") == 3 for line in made["settings.md"].splitlines() if line.startswith("| `"))
    assert all(f"## `xsearch {' '.join(words[:1])}`" in made["commands.md"] for words in TREE)
    for page, text in TEXT.items():
        for name in re.findall(r"<!-- settings: ([\w.]+) -->", text):
            if page.name != "CONTRIBUTING.md":
                assert generated.settings_table(name).count("\n") > 1, f"{page.name}: {name}"
