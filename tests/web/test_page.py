"""The page in a browser, as a person uses it."""

import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


def drop(page: Any, *files: Path) -> None:
    page.set_input_files("#pick", [str(path) for path in files])


def verdict(page: Any) -> str:
    page.wait_for_selector(".verdict h2")
    return page.inner_text(".verdict h2")


def until(page: Any, condition: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for a condition from here: the policy of the page lets the browser evaluate no text there."""
    for _ in range(round(10 * seconds)):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come true")


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
    page.wait_for_selector(".list tr.chosen")
    first = page.inner_text(".details h3")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".list tbody tr:nth-child(2).chosen")
    until(page, lambda: page.inner_text(".details h3") != first)
    page.keyboard.press("ArrowUp")
    until(page, lambda: page.inner_text(".details h3") == first)


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


def test_an_inference_shows_hits_first_and_stops_at_once_and_goes_on(page: Any, rutile: Path, served: Any) -> None:
    page.click("text=Unknown")
    page.click("text=exactly")
    page.click("[data-element=Ti]")
    page.click("[data-element=O]")
    drop(page, rutile)
    page.wait_for_selector("#running:not([hidden])")
    verdict(page)  # the hits are there while crystals are inferred
    until(page, lambda: bool(re.search("screening|refinement|templates|substitutions", page.inner_text("#stage"))))
    page.click("#stop")
    page.wait_for_selector("#problem:not([hidden])", timeout=30_000)
    assert "stopped" in page.inner_text("#problem")
    assert page.is_hidden("#running")
    page.click("#search")
    page.wait_for_selector("tr:has-text('inferred')", timeout=300_000)


def test_a_cell_is_found_without_an_index(page: Any, rutile: Path) -> None:
    page.click("text=Cell")
    drop(page, rutile)
    page.wait_for_selector(".other tr.chosen")
    assert "tetragonal" in page.inner_text(".other tbody tr:first-child")


def test_a_series_is_a_map_whose_scans_open(page: Any, rutile: Path) -> None:
    page.click("text=Series")
    drop(page, rutile, rutile.with_name("mixture.xy"))
    page.wait_for_selector(".map .hm, .map .heatmaplayer")
    page.click(".other tbody tr:nth-child(2)")
    assert verdict(page)
    assert "mixture.xy" in page.inner_text(".other tbody tr:nth-child(2)")


def test_what_was_read_can_be_corrected(page: Any, tmp_path: Path, rutile: Path) -> None:
    bare = tmp_path / "bare.xy"
    lines = rutile.read_text(encoding="utf-8").splitlines()
    bare.write_text("\n".join(line for line in lines if not line.startswith("#")), encoding="utf-8")
    drop(page, bare)
    page.wait_for_selector(".file .problem-line")
    assert "wavelength" in page.inner_text(".file .problem-line").lower()
    page.fill(".file input[name=wavelength]", "CuKa")
    page.keyboard.press("Enter")
    page.wait_for_selector(".file .problem-line", state="detached")
    page.click("#search")
    assert verdict(page)
    assert "wavelength%3DCuKa" in page.url


def test_earlier_searches_are_listed_and_open_again(page: Any, rutile: Path) -> None:
    page.click("[data-element=Ti]")
    page.click("[data-element=O]")
    drop(page, rutile)
    first = verdict(page)
    page.goto(page.url.partition("?")[0])
    page.wait_for_selector("#earlier:not([hidden])")
    page.click("#earlier summary")
    page.click("#earlier li a:has-text('rutile.xy') >> nth=0")
    assert verdict(page) == first
    assert page.get_attribute("[data-element=Ti]", "data-state") == "only"


def test_dropped_crystals_are_added_to_an_index(page: Any, tmp_path: Path) -> None:
    from pymatgen.core import Lattice, Structure

    own = tmp_path / "own.cif"
    Structure.from_spacegroup("Pm-3m", Lattice.cubic(4.21), ["Cs", "Br"], [[0, 0, 0], [0.5] * 3]).to(str(own), "cif")
    page.wait_for_selector("#index option", state="attached")
    before = int(re.sub(r"\D", "", page.inner_text("#index option:checked").partition("(")[2]))
    drop(page, own)
    page.wait_for_selector(".file dl, .file summary, .file-head span")
    page.click("#indexes-open")
    page.select_option("[name=what]", "files")
    assert page.input_value("#indexes [name=name]") == "lab"
    page.click("#build")
    until(page, lambda: f"lab: {before + 1} entries" in page.inner_text("#ready"))
    until(page, lambda: f"({before + 1})" in page.inner_text("#index option:checked"))


def test_a_name_cannot_write_into_the_page(page: Any, tmp_path: Path, rutile: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>.xy"
    hostile.write_bytes(rutile.read_bytes())
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    drop(page, hostile)
    verdict(page)
    assert page.locator("img[src=x]").count() == 0
    assert not dialogs


def test_nothing_is_loaded_from_anywhere_else(chromium: Any, served: Any, rutile: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(180_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.address}/?token={served.token}")
    drop(page, rutile)
    verdict(page)
    page.wait_for_selector(".plot .main-svg")
    assert all(url.startswith((served.address, "data:", "blob:")) for url in asked)
    refused = page.evaluate("fetch('https://example.org/').then(() => false, () => true)")
    assert refused, "the policy lets the page talk to others"
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_looks_as_it_did(page: Any, rutile: Path, width: int) -> None:
    """Compared as thumbnails, since fonts differ; XSEARCH_RENEW=1 makes the references again."""
    page.set_viewport_size({"width": width, "height": 900})
    drop(page, rutile)
    page.wait_for_selector(".list tr.chosen")
    page.wait_for_selector(".plot .scatterlayer .trace")
    page.wait_for_selector(".details dl")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it must not be scrolled sideways"
    page.wait_for_timeout(500)
    seen = thumbnail(page.screenshot())
    reference = Path(__file__).with_name(f"page_{width}.png")
    if os.environ.get("XSEARCH_RENEW"):
        seen.save(reference)
    expected = Image.open(reference)
    assert seen.size == expected.size
    difference = np.abs(np.asarray(seen, np.float64) - np.asarray(expected, np.float64))
    assert difference.mean() < 8, f"{difference.mean():.1f} of 255 on average"


def thumbnail(png: bytes) -> Image.Image:
    shot = Image.open(io.BytesIO(png)).convert("L")
    return shot.resize((shot.width // 20, shot.height // 20), Image.Resampling.BOX)
