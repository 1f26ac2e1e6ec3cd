"""Report what a command waits for: a service that is slow or locked must not look like a command that hangs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, local

AFTER_S = 3.0
"""Seconds of waiting after which it is reported."""
_LOG = logging.getLogger(__name__)
_thread = local()


@contextmanager
def waiting_for(what: str, limit_s: float | None = None) -> Iterator[None]:
    """Log that `what` is waited for if the block takes longer than AFTER_S; `limit_s` is how long it may take.

    A block within another one of the same thread logs nothing itself.
    """
    if getattr(_thread, "reports", False):
        yield
        return
    limit = f", for up to {limit_s:g} s" if limit_s else ""
    timer = Timer(AFTER_S, _LOG.warning, [f"waiting for {what}{limit}"])
    timer.daemon = True
    timer.start()
    _thread.reports = True
    try:
        yield
    finally:
        _thread.reports = False
        timer.cancel()
