"""docs/gallery.md shows what is there: each job has a section, whose SQL is that of its template, cases and a judge."""

from __future__ import annotations

import re

import pytest

from gallery import kit, report
from gallery.run import Result
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
MEASURED = re.compile(r"([\d,]+) CPU-seconds per million records.* costs (\d+) CPU-seconds more")
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
    own = (f"sql/{job}/", "jobs/table_api/") if name in OF_FILES else (f"tests/gallery/{name}.py",)
    assert any(file.startswith(own) for file in quoted), "it shows no template of the job"
    assert all(f"- **{part}**: " in SECTIONS[job] for part in ("Data", "Judge", "Cost", "To adapt it"))
    assert f"| [{job}](#{job.replace('/', '')}) |" in PAGE, "the table at the start does not list it"


@pytest.mark.parametrize("name", NAMES)
def test_a_section_has_the_cost_that_was_measured_last(name: str) -> None:
    found = MEASURED.search((ROOT / "tests" / "gallery" / "results" / f"{name}.md").read_text(encoding="utf-8"))
    cost = "not measured yet"
    if found:
        per_million = int(found[1].replace(",", ""))
        cost = f"{per_million:,} CPU-seconds per million records, and {found[2]} for the start"
    wanted = f"- **Cost**: {cost}\n  (`just gallery {name}`; "
    assert wanted in SECTIONS[kit.entry(name).job]
    assert f"(../tests/gallery/results/{name}.md)" in SECTIONS[kit.entry(name).job]


def test_a_run_writes_its_cost_into_the_section_of_its_job() -> None:
    page = "## a/one_v1\n\n- **Cost**: 1\n  (it)\n\n## a/two_v1\n\nNone.\n\n## a/three_v1\n\n- **Cost**: 3\n"
    known = Result("a_one", "a/one_v1", 500_000, {}, 700.0, 6.0, ())
    changed = report.cited(page, known)
    assert changed == page.replace("1\n  (it)", "1,388 CPU-seconds per million records, and 6 for the start\n  (it)")
    assert report.cited(page, Result("a_two", "a/two_v1", 1, {}, 1.0, 1.0, ())) == page


def test_the_readme_counts_the_uses_of_the_gallery() -> None:
    assert f"{len(NAMES)} uses, each with data and a judge" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(NAMES)} uses to copy" in PAGE


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
