"""How soon the page is there, and what it adds to a search: `python -m benchmarks.page [--index starter] [--json]`.

A server is started as `xsearch serve` starts it, and a Chromium drops the example pattern on the page, as a person
would: again and again, each time as another file and in a fresh window. The first time counts from the start of the
server; the medians are of the others.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.results import ROOT
from tests.web.conftest import BROWSERS, FLAGS

PATTERN = ROOT / "examples" / "spectra" / "rutile.xy"

PAINTED = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)"


@contextmanager
def served(index: str) -> Iterator[str]:
    """The address of a server of one index."""
    command = [sys.executable, "-m", "xsearch", "serve", "--no-browser", "--port", "0", "--index", index]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"http://[\d.]+:\d+/\?token=[\w-]+", line)
        if not found:
            raise SystemExit(line + process.stderr.read())
        yield found[0]
    finally:
        process.terminate()
        process.wait(10)


def visit(browser: Any, address: str, pattern: Path) -> dict[str, float]:
    """Open the page, drop a pattern, and search for it again without xenon: seconds of each.

    What the page adds to a search is counted from the click on its button.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(address)
    page.wait_for_selector("#index option", state="attached")
    painted = page.evaluate(PAINTED)
    began = time.perf_counter()
    page.set_input_files("#pick", [str(pattern)])
    page.wait_for_selector(".verdict h2")
    dropped = time.perf_counter() - began
    page.wait_for_selector(".details dl")
    page.click(".brushes label.not")
    page.click("[data-element=Xe]")
    page.evaluate("document.querySelector('.verdict').id = 'before'")
    began = time.perf_counter()
    page.click("#search")
    page.wait_for_selector(".verdict:not(#before) h2")
    verdict = time.perf_counter() - began
    page.click(".keep summary")
    with page.expect_download() as download:
        page.click("text=JSON")
    answer = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    context.close()
    search = sum(answer["timings_ms"].values()) / 1e3
    return {
        "first_paint_s": painted[0] / 1e3,
        "drop_to_verdict_s": dropped,
        "click_to_verdict_s": verdict,
        "search_s": search,
        "beyond_s": verdict - search,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="starter")
    parser.add_argument("--visits", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("No Chromium is on this machine.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        text = PATTERN.read_text(encoding="utf-8")
        began, visits = time.perf_counter(), []
        with served(arguments.index) as address:
            for number in range(arguments.visits + 1):
                pattern = Path(folder) / f"visit_{number}.xy"
                pattern.write_text(text, encoding="utf-8")
                visits.append(visit(browser, address, pattern))
                if number == 0:
                    whole = time.perf_counter() - began
        browser.close()
    figures = {name: round(statistics.median(one[name] for one in visits[1:]), 3) for name in visits[0]}
    figures |= {"start_to_first_verdict_s": round(whole, 1), "n": arguments.visits}
    lines = [f"{name:26s} {value}" for name, value in figures.items()]
    print(json.dumps(figures) if arguments.json else "\n".join(lines))


if __name__ == "__main__":
    main()
