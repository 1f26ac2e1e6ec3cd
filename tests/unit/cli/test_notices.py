"""What headrace itself logs, such as what it waits for, is shown on standard error; libraries' records are not."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from headrace import cli
from headrace.cli import standard_streams
from headrace.environment import waiting


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Loggers as they were before."""
    loggers = [logging.getLogger(), logging.getLogger("headrace")]
    before = [[*logger.handlers] for logger in loggers]
    yield
    for logger, was in zip(loggers, before, strict=True):
        logger.handlers[:] = was


def test_a_wait_is_reported_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        logging.getLogger("library").warning("nobody wants to know")
        logging.getLogger(waiting.__name__).warning("waiting for the catalog [local]")

    monkeypatch.setattr(standard_streams, "guard", lambda: None)
    monkeypatch.setattr(cli, "app", command)
    for _ in range(2):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            cli.main()
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "waiting for the catalog [local]\n")
