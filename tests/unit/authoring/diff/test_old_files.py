"""A comparison with a commit whose files have keys of before says what could not be read, and compares the rest."""

from __future__ import annotations

from typing import cast

from headrace.authoring.diff import job_plan, side
from headrace.authoring.diff.compiled import Compiler
from headrace.authoring.diff.report import settings_then
from headrace.environment import git_ref, settings
from headrace.errors import UserError
from support.git_repository import Repository, committed, repository

__all__ = ["committed", "repository"]

JOB = "historian/readings_v1"


class NoFlink:
    """A compiler that finds no fault."""

    def compiled(self, _side: side.Side) -> None:
        return None


def note(repository: Repository) -> str:
    """The note of the plan of the job, whose files at HEAD cannot be read."""
    known = settings.load(repository.project, "local")
    now = side.load(repository.project, known, JOB)
    with git_ref.at(repository.project, "HEAD") as then:
        try:
            side.load(then, known, JOB)
        except UserError as error:
            (text,) = job_plan.unreadable(now, "HEAD", error, cast(Compiler, NoFlink())).notes
            return text
    raise AssertionError("its files were read")


def test_keys_of_before_are_one_note(repository: Repository) -> None:
    job = f"sql/{JOB}/job.yaml"
    text = (repository.project.root / job).read_text()
    repository.write(job, text.replace("keeps_every_record:", "complete:").replace("steps:", "through:"))
    repository.commit()
    repository.write(job, text)
    said = note(repository)
    assert "its files at HEAD cannot be read by this version of headrace, so nothing is compared: " in said
    assert "is now" in said
    assert said.endswith(", and 1 more. Compare with a commit whose files it can read")


def test_an_environment_with_keys_of_before_is_compared_as_it_is_now(repository: Repository) -> None:
    file = "catalogs/local.yaml"
    now = settings.load(repository.project, "local")
    repository.edit(file, "parallelism:", "slots_a_job:")
    repository.commit()
    repository.edit(file, "slots_a_job:", "parallelism:")
    with git_ref.at(repository.project, "HEAD") as then:
        used, said = settings_then(then, "local", now, "HEAD")
    assert used == now
    assert said == [
        "catalogs/local.yaml at HEAD cannot be read by this version of headrace: unknown key 'flink.slots_a_job'. Both "
        "sides are compared with today's, so that its changes are not shown"
    ]
    repository.commit()
    with git_ref.at(repository.project, "HEAD") as then:
        assert settings_then(then, "local", now, "HEAD")[1] == []
