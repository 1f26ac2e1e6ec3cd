"""A project is found from a folder in it, and reads nothing that is not below its root."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project.paths import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("sql/pumps/hot_v1/tests/a", "sql/_macros", "catalogs", "udfs/models/m/1", "docs/shared"):
        (tmp_path / "project" / folder).mkdir(parents=True)
    (tmp_path / "secret").write_text("TOP SECRET")
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "project"


@pytest.mark.parametrize(
    "link",
    [
        "sql/pumps/hot_v1/_leak.sql.j2",
        "sql/pumps/hot_v1/job.yaml",
        "sql/pumps/hot_v1/tests/a/expect.a.b.csv",
        "sql/_macros/leak.sql.j2",
        "sql/pumps/cold_v1",
        "sql/new",
        "catalogs/prod.yaml",
        "udfs/models/m/1/model.bin",
        "udfs/models/n",
    ],
)
@pytest.mark.parametrize("target", ["secret", "elsewhere", "/proc/self/environ", "no_such_file"])
def test_a_link_out_of_the_project_is_refused(root: Path, link: str, target: str) -> None:
    (root / link).symlink_to(root.parent / target)
    with pytest.raises(UserError, match="the link leads out of the project") as raised:
        Project.find(root)
    (problem,) = raised.value.problems
    assert str(problem.where).endswith(link)
    assert problem.fix


@pytest.mark.parametrize("part", ["sql", "catalogs", "udfs"])
def test_a_linked_part_of_a_project_is_refused(root: Path, part: str) -> None:
    (root / part).rename(root.parent / part)
    (root / part).symlink_to(root.parent / part)
    with pytest.raises(UserError, match="leads out"):
        Project.find(root)


def test_a_link_by_way_of_another_folder_is_refused(root: Path) -> None:
    (root / "sql/shared").symlink_to(root / "docs/shared")
    (root / "docs/shared/leak.yaml").symlink_to(root.parent / "secret")
    with pytest.raises(UserError, match="leads out"):
        Project.find(root)


def test_a_relative_link_out_is_refused_and_each_link_is_reported(root: Path) -> None:
    (root / "sql/a").symlink_to("../../secret")
    (root / "catalogs/b").symlink_to("../../secret")
    with pytest.raises(UserError) as raised:
        Project.find(root)
    assert len(raised.value.problems) == 2


def test_links_within_the_project_stay(root: Path) -> None:
    (root / "sql/pumps/hot_v1/_a.sql.j2").symlink_to(root / "docs/shared/a")
    (root / "sql/loop").symlink_to(root / "sql")
    (root / "sql/itself").symlink_to(root / "sql/itself")
    assert Project.find(root / "sql/pumps").root == root


def test_a_project_can_itself_be_reached_by_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    assert Project.find(root.parent / "link" / "sql").root == root
    assert Project(root.parent / "link", root).sql == root.parent / "link" / "sql"
