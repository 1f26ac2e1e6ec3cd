"""Hooks of the documentation site: pages and files of the repository outside docs/ become part of it.

A page may link to anything in the repository. Markdown pages named in the navigation join the site under their own
path; other files that a page links to are copied next to them; a link to a folder becomes its name. A link to
something that does not exist stays as it is, so that mkdocs reports it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"(?P<open>!?\[(?P<text>[^\]]*)\]\()(?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the navigation that stand outside docs/, and what pages link to, and so on."""
    for name in _pages(config.nav):
        if name not in files.src_uris:
            files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    pages = [file for file in files if file.is_documentation_page() and Path(str(file.abs_src_path)).is_file()]
    while pages:
        page = pages.pop()
        for match in _LINK.finditer(page.content_string):
            path = _in_repository(page.src_uri, match["target"])
            if path and path.is_file() and (uri := _uri(path)) not in files.src_uris:
                files.append(linked := File.generated(config, uri, abs_src_path=str(path)))
                pages += [linked] if linked.is_documentation_page() else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Point the page's links at where their targets stand in the site."""

    def placed(match: re.Match[str]) -> str:
        path = _in_repository(page.file.src_uri, match["target"])
        if path is None or not path.exists():
            return match[0]
        if path.is_dir():
            return match["text"]
        target = posixpath.relpath(_uri(path), posixpath.dirname(page.file.src_uri) or ".")
        return f"{match['open']}{target}{match['anchor'] or ''})"

    return _LINK.sub(placed, markdown)


def _in_repository(page: str, target: str) -> Path | None:
    """The file or folder that a link of the page `page` leads to; None where it leads to another host."""
    if "://" in target or target.startswith("mailto:"):
        return None
    folder = (ROOT / "docs" / page).parent if (ROOT / "docs" / page).is_file() else (ROOT / page).parent
    path = (folder / target).resolve()
    return path if path.is_relative_to(ROOT) else None


def _uri(path: Path) -> str:
    """The path in the site: that below docs/, or that in the repository."""
    docs = ROOT / "docs"
    return path.relative_to(docs if path.is_relative_to(docs) else ROOT).as_posix()


def _pages(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    values = nav.values() if isinstance(nav, dict) else nav
    return [page for each in values for page in _pages(each)]
