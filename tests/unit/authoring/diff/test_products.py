"""A change that breaks the readers of a data product is refused unless it has a new version."""

from __future__ import annotations

import pytest

from headrace.authoring import diff
from headrace.authoring.diff import Report, products
from headrace.authoring.diff.products import ProductChange
from headrace.cli.markdown import plan_comment
from headrace.cli.plan import plan
from headrace.environment import git_ref
from headrace.errors import CheckFailed
from support.git_repository import Repository, committed, repository

__all__ = ["committed", "repository"]

TABLE = "sql/_tables/product.readings.yaml"
UNIT = '  unit: {type: string, doc: "Unit of value; null if the tag is unknown"}\n'


def changed(repository: Repository) -> list[ProductChange]:
    with git_ref.at(repository.project, "HEAD") as then:
        return [*products.changes(repository.project, then)]


def test_a_breaking_change_needs_a_higher_version(repository: Repository) -> None:
    assert changed(repository) == []
    repository.edit(TABLE, UNIT, "")
    repository.edit(TABLE, "freshness: 15m", "freshness: 1h")
    (found,) = changed(repository)
    assert (found.table, found.versions) == ("product.readings", "version 1")
    assert found.breaking == ("the column unit is gone", "its freshness was 15m and is 1h")
    with pytest.raises(
        CheckFailed, match=r"product\.readings\.yaml:\d+.*breaks its readers: the column unit is gone, and 1"
    ):
        products.require_new_versions([found])

    repository.edit(TABLE, "version: 1", "version: 2")
    (found,) = changed(repository)
    assert (found.versions, found.problem) == ("version 1 → 2", None)
    products.require_new_versions([found])

    repository.commit()
    repository.edit(TABLE, "version: 2", "version: 1")
    (found,) = changed(repository)
    assert found.problem
    assert found.problem.what == "product.readings was version 2, and is 1"


def test_a_product_goes_only_once_it_is_deprecated(repository: Repository) -> None:
    repository.remove(TABLE)
    (found,) = changed(repository)
    assert found.to_json()["version"] is None
    assert found.problem
    assert found.problem.what == "product.readings: it is no longer a product, and was not deprecated"


def test_other_changes_and_a_file_of_before_are_no_concern(repository: Repository) -> None:
    repository.edit(TABLE, UNIT, UNIT + "  line: {type: string, doc: d}\n")
    repository.edit("sql/_tables/condition.spikes.yaml", "type: double", "type: string")
    assert changed(repository) == []
    repository.edit(TABLE, "freshness:", "no_key_of_ours:")
    repository.commit()
    repository.edit(TABLE, "no_key_of_ours:", "freshness:")
    assert changed(repository) == []


def test_a_plan_shows_what_breaks_readers_and_exits_with_1(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.edit(TABLE, UNIT, "")
    made = Report("HEAD", "0123456789ab", (), (), tuple(changed(repository)), ())
    monkeypatch.setenv("HEADRACE_PROJECT", str(repository.project.root))
    monkeypatch.setattr(diff, "report", lambda *_: made)
    with pytest.raises(CheckFailed):
        plan()
    assert "product product.readings: version 1\n    breaks readers: the column unit is gone" in capsys.readouterr().out
    comment = plan_comment(made)
    assert "- `product.readings`: version 1" in comment
    assert "breaks readers: the column unit is gone" in comment
    assert made.to_json()["products"][0]["refused"]["fix"].startswith("keep it, or write version: 2")
