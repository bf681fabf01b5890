"""What the page offers, beside what the library has."""

from xsearch.report.refinement import PROGRAMS
from xsearch.web.app import DOWNLOADS, static_files


def test_every_program_that_refines_can_be_taken() -> None:
    assert set(PROGRAMS) <= DOWNLOADS.keys()
    script = static_files()["answer.js"].read_text(encoding="utf-8")
    assert all(f"{program}: " in script for program in PROGRAMS)


def test_everything_that_the_page_loads_is_served() -> None:
    served = static_files()
    assert {"index.html", "page.css", "style.css", "plotly.js", "icon.svg"} <= served.keys()
    assert all(path.is_file() for path in served.values())
