"""The page in a browser, as a person uses it."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def drop(page: Any, *files: Path) -> None:
    page.set_input_files("#pick", [str(path) for path in files])


def verdict(page: Any) -> str:
    page.wait_for_selector(".verdict h2")
    return page.inner_text(".verdict h2")


def test_a_dropped_pattern_is_read_searched_and_drawn(page: Any, rutile: Path) -> None:
    drop(page, rutile)
    assert "Rutile" in verdict(page) or "TiO" in verdict(page)
    assert "λ 1.5418 Å" in page.inner_text(".file")
    page.wait_for_selector(".plot .main-svg")
    assert page.locator(".plot .scatterlayer .trace").count() >= 3


def test_elements_are_set_by_clicks_and_stand_in_the_address(page: Any, rutile: Path) -> None:
    page.click("[data-element=Ti]")
    page.click("[data-element=O]")
    page.click("text=any of")
    page.click("[data-element=Fe]")
    assert "only=Ti%2CO" in page.url
    assert "any=Fe" in page.url
    page.click("[data-element=Fe]")
    drop(page, rutile)
    assert verdict(page).startswith("TiO") or "TiO" in verdict(page)
    page.reload()  # the address brings everything back
    page.wait_for_selector(".verdict")
    assert page.get_attribute("[data-element=Ti]", "data-state") == "only"
    assert "rutile.xy" in page.inner_text("#files")


def test_arrow_keys_move_through_hits(page: Any, rutile: Path) -> None:
    drop(page, rutile)
    page.wait_for_selector("#crystals tr.chosen")
    first = page.inner_text(".details h3")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelectorAll('#crystals tbody tr')[1].classList.contains('chosen')")
    page.wait_for_function("(first) => document.querySelector('.details h3').innerText !== first", arg=first)
    page.keyboard.press("ArrowUp")
    page.wait_for_function("(first) => document.querySelector('.details h3').innerText === first", arg=first)


def test_contradictions_are_said_in_one_line(page: Any, rutile: Path) -> None:
    drop(page, rutile)
    verdict(page)
    page.click("[data-element=Ti]")
    page.click("text=exactly")
    page.click("[data-element=O]")
    page.click("#search")
    page.wait_for_selector("#problem:not([hidden])")
    assert "exactly" in page.inner_text("#problem")


def test_everything_can_be_taken_in_one_zip(page: Any, rutile: Path, tmp_path: Path) -> None:
    drop(page, rutile)
    verdict(page)
    page.click(".keep summary")
    with page.expect_download() as download:
        page.click("text=Everything, one zip")
    download.value.save_as(tmp_path / "all.zip")
    names = zipfile.ZipFile(tmp_path / "all.zip").namelist()
    assert {"answer.json", "report.html", "figure.png", "figure.svg"} <= set(names)
    assert any(name.endswith("_strained.cif") for name in names)
