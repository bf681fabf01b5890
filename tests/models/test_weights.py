"""The folder of fitted numbers: each file has a card or an entry, and each command that they name exists."""

import hashlib
import re
from importlib.util import find_spec

import pytest
from typer.main import get_command

from xsearch.cli.app import app
from xsearch.paths import WEIGHTS_FOLDER

INDEX = WEIGHTS_FOLDER / "README.md"
FITTED = sorted(path.name for path in WEIGHTS_FOLDER.iterdir() if path.suffix != ".md")
PAGES = sorted(path.name for path in WEIGHTS_FOLDER.iterdir() if path.suffix in (".md", ".json"))


def entry(name: str) -> str:
    """The section of the index that is headed by a file's name, or its row in the table of cards; empty without."""
    text = INDEX.read_text(encoding="utf-8")
    sections = [part for part in text.split("\n## ")[1:] if name in part.partition("\n")[0]]
    rows = [line for line in text.splitlines() if line.startswith(f"| `{name}`")]
    return "".join([*sections, *rows])


@pytest.mark.parametrize("name", FITTED)
def test_every_fitted_file_has_a_card_or_an_entry_that_says_what_and_how(name: str) -> None:
    described = entry(name)
    assert described, f"{name} stands nowhere in {INDEX.name}"
    if card := re.search(r"`([a-z_]+\.(?:md|json))` \|$", described):
        described = (WEIGHTS_FOLDER / card[1]).read_text(encoding="utf-8")
    elif described.endswith("itself |"):
        described = (WEIGHTS_FOLDER / name).read_text(encoding="utf-8")
    assert re.search(r"Trained on:|Data:|\"data\":", described)
    assert re.search(r"python -m xsearch\.|xsearch train", described)


def test_nothing_is_described_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `([^`]+)`", INDEX.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= set(FITTED)


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_pages_name_exist(page: str) -> None:
    text = (WEIGHTS_FOLDER / page).read_text(encoding="utf-8")
    for module in re.findall(r"python -m ((?:xsearch|benchmarks)\.[a-z_.]*[a-z_])", text):
        assert find_spec(module), f"{page}: there is no {module}"
    groups = get_command(app).commands  # type: ignore[attr-defined]
    for group, verb in re.findall(r"`xsearch (train|evaluate|build) ([a-z]+)", text):
        assert verb in groups[group].commands, f"{page}: there is no `xsearch {group} {verb}`"


def test_checksums_of_cards_fit_their_files() -> None:
    cards = "\n".join((WEIGHTS_FOLDER / page).read_text(encoding="utf-8") for page in PAGES)
    stated = set(re.findall(r"\b[0-9a-f]{64}\b", cards))
    actual = {hashlib.sha256(path.read_bytes()).hexdigest() for path in WEIGHTS_FOLDER.iterdir()}
    assert stated
    assert stated <= actual
