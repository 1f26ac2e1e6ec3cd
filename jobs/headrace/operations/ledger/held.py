"""Hold the ledger's lock while a command works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError
from headrace.operations.ledger.lock import LEASE_S
from headrace.operations.ledger.table import Ledger


@contextmanager
def held(
    settings: Settings, wait_s: float = 0, progress: Callable[[str], None] = lambda _step: None
) -> Iterator[tuple[Ledger, str]]:
    """Yield the ledger and the owner's name to write under; the lease is renewed until the block ends, then released.

    Raises CheckFailed if another deployer still holds the lock after `wait_s` seconds.
    """
    ledger = Ledger(settings)
    owner = _take(ledger, wait_s, progress)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(settings, owner, ended), daemon=True)
    renewing.start()
    try:
        yield ledger, owner
    finally:
        ended.set()
        renewing.join()
        # A lock that is not released expires, and an error of the block matters more.
        with suppress(PlatformError):
            ledger.give_back(owner)


def _take(ledger: Ledger, wait_s: float, progress: Callable[[str], None]) -> str:
    def report(state: RetryCallState) -> None:
        if state.outcome and (error := state.outcome.exception()):
            progress(f"waiting: {error}")

    retrying = Retrying(
        retry=retry_if_exception_type(CheckFailed),
        stop=stop_after_delay(wait_s),
        wait=wait_fixed(0.5),
        before_sleep=report,
        reraise=True,
    )
    return retrying(ledger.take)


def _renew(settings: Settings, owner: str, ended: threading.Event) -> None:
    """Renew the lease until the block ends. A failed renewal is tried again, until another owner has the lock."""
    ledger = Ledger(settings)
    while not ended.wait(LEASE_S / 4):
        with suppress(PlatformError):
            ledger.renew(owner)
