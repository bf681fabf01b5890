"""Take the picture of the page that the README and docs/page.md show.

    xsearch serve --no-browser --index starter
    python -m tests.web.picture 'ADDRESS&only=Cu,C,O,H' docs/images/page.png azurite.xy azurite_Cu_K.dat

ADDRESS is the one that is printed, with its token. The files of the picture in the repository are the powder pattern
R050638 of RRUFF and the Cu K edge of azurite of an example project of Larch (the pattern of examples/spectra will do).
"""

import shutil
import sys

from PIL import Image

from tests.web.conftest import BROWSERS, FLAGS

WIDTH, HEIGHT = 1360, 900
COLOURS = 128
"""Of the palette: text stays sharp, and the file below 200 kB."""


def main(address: str, out: str, *files: str) -> None:
    """Drop the files on the page, and save what is seen."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(300_000)
        page.goto(address)
        page.wait_for_selector("#index option", state="attached")
        page.set_input_files("#pick", list(files))
        page.wait_for_selector(".verdict")
        page.wait_for_selector(".plot .scatterlayer .trace")
        page.wait_for_timeout(4000)
        page.screenshot(path=out)
        browser.close()
    Image.open(out).convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(out, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
