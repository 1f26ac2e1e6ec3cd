"""What a job cannot do with a source whose names come with the stream, and what the error says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.environment import settings
from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace_udfs.faults import Code
from support import ROOT

JOB = "plant/signals_v1"
SELECT = "select tag, ts, `value`, quality, {{ src() }} from {{ source('sparkplug') }}\n"


def composed(folder: Path, more: str = "", select: str = SELECT, contract: str = "") -> Composition:
    for part in ("catalogs", "sql/_macros", "sql/_tables"):
        shutil.copytree(ROOT / part, folder / part)
    job = folder / "sql" / JOB
    job.mkdir(parents=True)
    (folder / "sql" / "_sources").mkdir()
    source = f"preset: sparkplug_b\ntopic: plant.sparkplug\n{contract}"
    (folder / "sql" / "_sources" / "sparkplug.yaml").write_text(source)
    (job / "job.yaml").write_text(
        f"kind: job\nname: {JOB}\nowner: plant\ndescription: Signals.\ngrain: one row per reading\n"
        f"reads: [source/sparkplug, table/historian.tags]\nwrites: {{table/historian.readings: append}}\n{more}"
    )
    (job / "historian.readings.sql.j2").write_text(select)
    project = Project(folder, folder / "home")
    loaded = settings.load(project, "local")
    return compose(project, loaded, job_folder.load(project, JOB), LiveConnectors(loaded))


def test_only_a_source_with_a_dictionary_has_the_aggregate(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    (tmp_path / "names").mkdir()
    running = [" OVER by_id", " OVER by_node"]
    for folder, contract, expected in (
        ("with", "", [1, 3]),
        ("names", "dictionary: {sessions: null}\n", [1, 0]),
        ("without", "dictionary: null\n", [0, 0]),
    ):
        found = composed(tmp_path / folder, contract=contract)
        statements = [*found.setup(), *found.leftovers()]
        assert [sum(each in text for text in statements) for each in running] == expected


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "steps: [enrich]\n",
            r"steps: 'enrich' runs before the names of 'plant.sparkplug' are known, which come with the stream; "
            r"leave it out, and use the macro lookup in a SELECT",
        ),
        ("state_ttl: 1d\n", r"state_ttl would forget the names of 'sparkplug', which come with the stream"),
    ],
)
def test_what_needs_names_early_or_forgets_them_is_refused(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        composed(tmp_path, more)


def test_windows_are_refused(tmp_path: Path) -> None:
    select = "select * from {{ on_time('sparkplug') }}\n"
    with pytest.raises(UserError, match=r"the names of 'sparkplug' come with the stream") as raised:
        composed(tmp_path, select=select, contract="watermark: {lateness: 10s}\n")
    assert "read the table of a job that keeps them" in str(raised.value)


def test_letters_quote_nothing_if_payloads_are_withheld(tmp_path: Path) -> None:
    statements = [
        *(found := composed(tmp_path, contract="payload: {dead_letters: omit}\n")).setup(),
        *found.leftovers(),
    ]
    (letters,) = [text for text in statements if Code.SEQUENCE_GAP.meaning in text]
    assert Code.UNKNOWN_ALIAS.meaning in letters
    assert Code.NO_BIRTH.meaning in letters
    assert "CONCAT" not in letters.split("AS message")[0].split("UNION ALL")[-1]
    assert not [
        text for text in ("no name has been seen", "is alive", "came after", "bdSeq of this") if text in letters
    ]
