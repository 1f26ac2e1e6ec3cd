"""docs/gallery.md shows what is there: each job has a section, whose SQL is that of its template, cases and a judge."""

from __future__ import annotations

import re

import pytest

from gallery import kit
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:])
QUOTED = re.compile(
    r"\]\(\.\./(?P<file>[\w/.]+\.(?:sql\.j2|yaml|py))\):\n\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
CASES = ("late", "bad", "duplicate", "missing")
"""What a job of the gallery shows in its cases: a word that the name of a case contains."""
NAMES = kit.names()
OF_FILES = [name for name in NAMES if not kit.entry(name).run]
"""The jobs that are a folder of sql/, and not made of others."""


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.find(ROOT)


@pytest.mark.parametrize("name", NAMES)
def test_a_job_of_the_gallery_has_a_section_with_its_sql(name: str) -> None:
    job = kit.entry(name).job
    assert job in SECTIONS, f"docs/gallery.md has no section ## {job}"
    quoted = [match["file"] for match in QUOTED.finditer(SECTIONS[job])]
    assert any(file.startswith((f"sql/{job}/", "jobs/table_api/")) for file in quoted), (
        "it shows no template of the job"
    )
    assert f"tests/gallery/results/{name}.md" in SECTIONS[job], "it does not link to the judge's figures"


@pytest.mark.parametrize("match", [*QUOTED.finditer(PAGE)], ids=lambda match: match["file"])
def test_what_the_page_quotes_stands_in_the_file(match: re.Match[str]) -> None:
    assert match["text"].strip() in (ROOT / match["file"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OF_FILES)
def test_a_job_of_the_gallery_has_cases_for_late_bad_duplicate_and_missing_data(name: str, project: Project) -> None:
    cases = [path.name for path in (project.sql / kit.entry(name).job / "tests").iterdir()]
    assert [word for word in CASES if not any(word in case for case in cases)] == []


@pytest.mark.parametrize("name", OF_FILES)
def test_a_job_of_the_gallery_has_checks_and_a_judge(name: str, project: Project) -> None:
    entry = kit.entry(name)
    assert entry.name == name
    assert entry.job in job_folder.names(project)
    assert (project.sql / entry.job / "checks.sql.j2").is_file()
    assert callable(entry.write)
    assert callable(entry.judge)
