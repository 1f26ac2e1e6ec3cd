"""The archive of Java's classes fits processes that have the planner's class path."""

from __future__ import annotations

from pathlib import Path

from pyflink.pyflink_gateway_server import construct_flink_classpath

from headrace.environment import java_classes


def test_the_class_path_is_pyflinks(tmp_path: Path) -> None:
    for jar in ("lib/b.jar", "lib/a.jar", "lib/c.txt", "opt/flink-python-2.1.3.jar", "opt/flink-s3.jar"):
        (tmp_path / jar).parent.mkdir(exist_ok=True)
        (tmp_path / jar).touch()
    folders = {f"FLINK_{part.upper()}_DIR": str(tmp_path / part) for part in ("lib", "opt")}
    assert java_classes.class_path(tmp_path) == construct_flink_classpath(folders)


def test_without_an_archive_there_is_no_option(tmp_path: Path) -> None:
    assert java_classes.options(tmp_path) == []
    (tmp_path / java_classes.ARCHIVE).touch()
    assert java_classes.options(tmp_path) == [f"-XX:SharedArchiveFile={tmp_path / 'classes.jsa'}"]
