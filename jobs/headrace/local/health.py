"""Wait until every service is healthy, or report which one is not and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import tenacity

from headrace.errors import PlatformError, Problem
from headrace.local import flink, kafka, logs, ports, processes, supervision
from headrace.local.layout import SERVICES, Layout
from headrace.local.ports import Ports

Progress = Callable[[str], None]
"""Called with a short description of each step of a long command."""

_LIMIT_S = 120
_RESTARTS_TO_GIVE_UP = 2
_LINES_OF_LOG = 40


def wait(layout: Layout, chosen: Ports, progress: Progress) -> None:
    """Wait until all services are healthy.

    Raises PlatformError with the end of a service's log if the service keeps crashing or takes too long.
    """
    before = {name: restarts(layout, name) for name in SERVICES}
    checks: dict[str, Callable[[], bool]] = {
        "kafka": partial(kafka.is_healthy, chosen),
        "jobmanager": partial(flink.has_jobmanager, layout, chosen),
        "taskmanager": partial(flink.has_taskmanager, layout, chosen),
    }
    for name, is_healthy in checks.items():
        waiting = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda healthy: not healthy),
            stop=tenacity.stop_after_delay(_LIMIT_S),
            wait=tenacity.wait_fixed(0.3),
            before=lambda _: _check_restarts(layout, chosen, before),
        )
        try:
            waiting(is_healthy)
        except tenacity.RetryError:
            raise _failure(layout, chosen, name, f"is not healthy after {_LIMIT_S} s") from None
        progress(f"{name} is up")


def restarts(layout: Layout, service: str) -> int:
    """Return how often the service was restarted since the last `up`."""
    try:
        return max(0, len(layout.starts(service).read_text(encoding="utf-8").splitlines()) - 1)
    except FileNotFoundError:
        return 0


def _check_restarts(layout: Layout, chosen: Ports, before: dict[str, int]) -> None:
    services = supervision.services(layout)
    if services is None:
        raise _failure(layout, chosen, "supervisord", "has ended")
    for name, info in services.items():
        crashes = restarts(layout, name) - before[name]
        is_hopeless = info["statename"] == "FATAL" or crashes >= _RESTARTS_TO_GIVE_UP
        if is_hopeless or (crashes and _taken(layout, chosen)):
            raise _failure(layout, chosen, name, "does not stay up")


def _failure(layout: Layout, chosen: Ports, service: str, what: str) -> PlatformError:
    end = "\n".join(f"  | {line}" for line in logs.tail(layout.log(service), _LINES_OF_LOG))
    log = Problem(f"{service} {what}; the end of its log:\n{end}", str(layout.log(service)))
    return PlatformError([*_taken(layout, chosen), log])


def _taken(layout: Layout, chosen: Ports) -> list[Problem]:
    """Return a problem for each port that another process took between the choice of ports and the service's start."""
    ours = processes.find(layout.state)
    return [
        Problem(f"port {port} ({name}) is taken by {ports.holder(port)}", fix="run `headrace local up` again")
        for name, port in chosen.named().items()
        if not ports.is_free(port) and ports.listener(port) not in ours
    ]
