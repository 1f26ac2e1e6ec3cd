"""The site takes in what its pages link to, wherever it stands in the repository."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config import load_config
from mkdocs.structure.files import File, Files

from support import ROOT


def test_what_a_linked_page_links_to_is_part_of_the_site(tmp_path: Path) -> None:
    files = {
        "mkdocs.yml": "site_name: s\nnav: [page.md]\nplugins: []\nhooks: [docs/site/hooks.py]\n",
        "docs/site/hooks.py": (ROOT / "docs" / "site" / "hooks.py").read_text(),
        "docs/page.md": "[data](../data/README.md) and [none](../none.md)",
        "data/README.md": "[licence](LICENSE.md), [back](../docs/page.md), [rows](rows.csv)",
        "data/LICENSE.md": "[rows](rows.csv)",
        "data/rows.csv": "1",
        "data/other.md": "not linked",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    config = load_config(str(tmp_path / "mkdocs.yml"))
    page = File("page.md", config.docs_dir, config.site_dir, use_directory_urls=False)
    found = config.plugins.on_files(Files([page]), config=config)
    assert set(found.src_uris) == {"page.md", "data/README.md", "data/LICENSE.md", "data/rows.csv"}
