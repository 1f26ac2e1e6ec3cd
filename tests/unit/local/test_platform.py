from __future__ import annotations

from pathlib import Path

import pytest

from headrace import local
from headrace.errors import PlatformError, UserError
from headrace.local import platform, processes
from headrace.project.paths import Project


def test_up_does_not_start_where_the_disk_is_nearly_full(
    pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "_REQUIRED_FREE_BYTES", 2**60)
    project = Project(pytestconfig.rootpath, tmp_path)
    with pytest.raises(PlatformError, match=r"only [\d.]+ GiB of disk are free .* 1073741824.0 GiB are required"):
        local.up(project, print)
    assert processes.find(project.local) == []


def test_up_reports_a_folder_that_it_cannot_write(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    (tmp_path / "local").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="local: cannot be written: File exists"):
        local.up(Project(pytestconfig.rootpath, tmp_path), print)


def test_down_removes_the_addresses_of_a_run_that_a_reboot_ended(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    project.local.mkdir()
    (project.local / "kafka").write_text("127.0.0.1:20000")
    local.down(project, print)
    assert not (project.local / "kafka").exists()


def test_up_reports_how_to_install_missing_programs(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"flink/lib is missing\n  fix: run \./run"):
        local.up(Project(tmp_path, tmp_path), print)


def test_up_reports_that_java_is_missing(
    pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(PlatformError, match="no java in JAVA_HOME"):
        local.up(Project(pytestconfig.rootpath, tmp_path), print)


def test_a_platform_that_was_never_up_is_down_and_nothing_is_stopped(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "home")
    assert {service.state for service in local.status(project)} == {"DOWN"}
    assert not local.down(project, print)
    assert not project.home.exists()
