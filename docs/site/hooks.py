"""What mkdocs calls while it builds the site: pages made from the package, settings as tables, equations as MathML."""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from generated import PAGES, RENAMED, settings_table  # noqa: E402
from latex2mathml.converter import convert  # noqa: E402
from mkdocs.exceptions import PluginError  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402

CODE = re.compile(r"(```.*?```|`[^`\n]+`|<!--.*?-->)", re.DOTALL)
DISPLAYED, INLINE = re.compile(r"\$\$(.+?)\$\$", re.DOTALL), re.compile(r"(?<!\\)\$([^$\n]+?)(?<!\\)\$")
ELSEWHERE = re.compile(r"<(?:script|img|iframe|link)[^>]*(?:src|href)=.https?://[^>]*>")
SETTINGS = re.compile(r"<!-- settings: ([\w.]+) -->")


def on_startup(command: str, dirty: bool) -> None:
    """A home for the indexes of the tutorials, kept between builds, and modules of the repository for their kernels."""
    os.environ.setdefault("XSEARCH_DOCS_HOME", str(ROOT / "out" / "docs-home"))
    os.environ["XSEARCH_HOME"] = os.environ["XSEARCH_DOCS_HOME"]
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT), str(ROOT / "docs" / "site"), os.environ.get("PYTHONPATH", "")]
    )
    os.environ["XSEARCH_DOCS_OUT"] = tempfile.mkdtemp(prefix="xsearch-tutorials-")


def on_files(files: Files, config: Any) -> Files:
    """Pages that the package and the files at the root give: commands, settings, changelog, contributing, cards."""
    for name, content in PAGES.items():
        files.append(File.generated(config, name, content=content()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links to files outside `docs`, tables of settings, equations."""
    markdown = SETTINGS.sub(lambda found: settings_table(found[1]), markdown)
    for there, here in RENAMED.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{re.escape(there)}", f"]({here}", markdown)
    return "".join(part if CODE.fullmatch(part) else with_equations(part) for part in CODE.split(markdown))


def on_post_page(output: str, page: Any, config: Any) -> str:
    """A page loads nothing from elsewhere.

    Raises:
        PluginError: where it would.
    """
    if found := ELSEWHERE.search(output):
        raise PluginError(f"{page.file.src_uri} loads from elsewhere: {found[0]}")
    return output


def with_equations(text: str) -> str:
    """`$...$` and `$$...$$` as MathML, which browsers draw without a script."""
    text = DISPLAYED.sub(lambda found: f"\n\n{convert(found[1].strip(), display='block')}\n\n", text)
    return INLINE.sub(lambda found: f"<span>{convert(found[1].strip())}</span>", text)  # a bare <math> is a block
