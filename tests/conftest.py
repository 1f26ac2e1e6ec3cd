"""One local platform for all tests on real services, in a home of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from headrace import local
from headrace.project.paths import Project
from support import ROOT
from support.services.processes import SHORT_LIVED_JAVA
from support.services.registry import Registry
from support.services.registry import registry as in_front
from support.services.stack import Stack
from support.services.stack import stack as started
from support.worlds.live_plant import Plant, plant

LAYERS = ("faults", "integration", "jobs", "broken", "unit", "golden")
"""The folders of tests, each a marker; the longest files come first, so that two workers end together."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --soak, which `just soak` gives."""
    parser.addoption("--soak", action="store_true", help="repeat ten times what is otherwise done twice")


def pytest_configure(config: pytest.Config) -> None:
    """Make a marker of each layer; plants of tests plan with the project's Flink, as under ./run."""
    os.environ.setdefault("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
    # No property has a deadline: a loaded machine is slow for reasons outside the code.
    hypothesis.settings.register_profile("headrace", deadline=None)
    hypothesis.settings.load_profile("headrace")
    for layer in LAYERS:
        config.addinivalue_line("markers", f"{layer}: tests in tests/{layer}")
    config.addinivalue_line("markers", "proof: proves at length what another test holds at each commit; `just proofs`")
    config.addinivalue_line("markers", "repeated: does one thing several times; `just soak` does it more often")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its layer, and put the files of slow layers first, and of these the users of the stack."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    layers = {file: file.relative_to(ROOT / "tests").parts[0] for file in files}
    for file, tests in files.items():
        for test in tests:
            test.add_marker(layers[file])

    def rank(file: Path) -> tuple[bool, int]:
        return not on_stack(file), LAYERS.index(layers[file])

    items[:] = [test for file in sorted(files, key=rank) for test in files[file]]


@cache
def on_stack(file: Path) -> bool:
    """Whether tests of the file use the stack."""
    return bool(re.search(r"\b(stack: Stack|registry: Registry)\b", file.read_text()))


class FileByFile(LoadFileScheduling):  # type: ignore[misc]
    """Gives each worker a file at a time, and all files on the stack to one worker, which alone starts it."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the stack" if on_stack(ROOT / file) else file


_ON_STACK = ExitStack()
"""The services that only tests on the stack use."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the stack after its last test: while they wait, its services would take time from all other tests."""
    if on_stack(item.path) and not (nextitem and on_stack(nextitem.path)):
        _ON_STACK.close()


def pytest_unconfigure() -> None:
    """End the stack also if the session ends early."""
    _ON_STACK.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileByFile | None:
    """Give files out as FileByFile does, if they are given out file by file."""
    return FileByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def repeats(pytestconfig: pytest.Config) -> int:
    """How often a repeated test does what it repeats: twice, ten times with --soak."""
    return 10 if pytestconfig.getoption("soak") else 2


@pytest.fixture(scope="session")
def platform(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose platform is up; HEADRACE_HOME points every command that a test starts to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_HOME", str(tmp_path_factory.mktemp("home")))
        project = Project.find(pytestconfig.rootpath)
        with pytest.MonkeyPatch.context() as short_lived:
            for name, value in SHORT_LIVED_JAVA.items():
                short_lived.setenv(name, value)
            local.up(project, print)
        try:
            yield project
        finally:
            local.down(project, print)


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Kafka with passwords, S3, Postgres and a REST catalog, and a session cluster that keeps its state on S3."""
    return _ON_STACK.enter_context(started(pytestconfig.rootpath / ".headrace", tmp_path_factory.mktemp("stack")))


@pytest.fixture(scope="session")
def registry(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A schema registry behind TLS and the stack's password."""
    folder = tmp_path_factory.mktemp("registry") / "apicurio"
    return _ON_STACK.enter_context(in_front(folder, stack.secrets.folder / "registry_password"))


@pytest.fixture
def own_plant(platform: Project, tmp_path: Path) -> Iterator[Plant]:
    """A plant with a topic and tables that no other test sees."""
    with plant(platform, tmp_path) as own:
        yield own
