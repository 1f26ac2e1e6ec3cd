"""One local platform for all tests on the real stack, in a home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace import local
from headrace.project.paths import Project
from support.services.registry import Registry
from support.services.registry import registry as in_front
from support.services.stack import Stack
from support.services.stack import stack as started
from support.worlds.live_plant import Plant, plant


@pytest.fixture(scope="session")
def platform(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose platform is up; HEADRACE_HOME leads every command that a test starts to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_HOME", str(tmp_path_factory.mktemp("home")))
        project = Project.find(pytestconfig.rootpath)
        local.up(project, print)
        try:
            yield project
        finally:
            local.down(project, print)


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka with passwords, S3, Postgres and a REST catalog, and a session cluster that keeps its state on S3."""
    with started(pytestconfig.rootpath / ".headrace", tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture(scope="session")
def registry(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A schema registry behind TLS and the stack's password."""
    folder = tmp_path_factory.mktemp("registry") / "apicurio"
    with in_front(folder, stack.secrets.folder / "registry_password") as made:
        yield made


@pytest.fixture
def own_plant(platform: Project, tmp_path: Path) -> Iterator[Plant]:
    """A plant with a topic and tables that no other test sees."""
    with plant(platform, tmp_path) as made:
        yield made
