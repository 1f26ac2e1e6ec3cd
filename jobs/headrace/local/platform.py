"""Start and stop the local platform, and report its status."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

import tenacity

from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError, UserError
from headrace.local import flink, health, kafka, keys, maintenance, ports, processes, supervision
from headrace.local.health import Progress
from headrace.local.layout import SERVICES, Layout
from headrace.local.ports import HOST, Ports
from headrace.project.paths import Project

_REQUIRED_FREE_BYTES = 2 * 2**30
_LOCK_LIMIT_S = 180
_JOB_LIMIT_S = 30


@dataclass(frozen=True)
class Endpoints:
    """Addresses for clients: Kafka's `host:port`, and `https://host:port` of Flink's REST API and web page."""

    kafka: str
    flink: str

    @classmethod
    def of(cls, chosen: Ports) -> Endpoints:
        """Return the addresses for the chosen ports."""
        return cls(f"{HOST}:{chosen.kafka}", flink.address(chosen))


@dataclass(frozen=True)
class ServiceStatus:
    """The status of one service. `restarts` counts from the last `up`; `metrics` is the address for Prometheus.

    `state` is supervisord's (RUNNING, BACKOFF...), DOWN, or LEFT BEHIND if its supervisord has died.
    """

    name: str
    state: str
    pid: int | None = None
    uptime_s: int | None = None
    address: str | None = None
    metrics: str | None = None
    restarts: int = 0


def up(project: Project, progress: Progress) -> Endpoints:
    """Start the platform and return when all services are healthy; if it is already up, only check that.

    Raises PlatformError with the end of the failed service's log. On a failure or an interrupt, everything that this
    call started is stopped.
    """
    layout = Layout.of(project)
    layout.check_programs()
    with _exclusive(layout, progress):
        if made := keys.make(project):
            many = f"made {len(made)} keys of catalogs/local.yaml"
            progress(many if len(made) > 1 else f"made the key {made[0].name}")
        if supervision.services(layout):
            progress("the local platform is up already")
            return _ready(layout, ports.read(layout.ports), progress)
        _check_disk(layout)
        try:
            return _start(layout, progress)
        except BaseException:
            progress("stopping what was started")
            _stop(layout)
            raise


def down(project: Project, progress: Progress) -> bool:
    """Stop every job with a savepoint, then every service; data is kept. Returns False if nothing was running."""
    layout = Layout.of(project)
    if not layout.state.is_dir():
        return False
    with _exclusive(layout, progress):
        if supervision.services(layout):
            _stop_jobs(layout, progress)
        if processes.find(layout.state):
            progress("stopping Flink and Kafka")
        return _stop(layout) > 0


def status(project: Project) -> list[ServiceStatus]:
    """Return the status of every service, in the order in which they start."""
    layout = Layout.of(project)
    known = supervision.services(layout)
    if not known:
        return [_unsupervised(layout, name) for name in SERVICES]
    chosen = ports.read(layout.ports)
    endpoints = Endpoints.of(chosen)
    addresses = {"kafka": endpoints.kafka, "jobmanager": endpoints.flink}
    metrics = {"jobmanager": chosen.jobmanager_metrics, "taskmanager": chosen.taskmanager_metrics}
    return [
        ServiceStatus(
            name=name,
            state=info["statename"],
            pid=info["pid"] or None,
            uptime_s=info["now"] - info["start"] if info["pid"] else None,
            address=addresses.get(name),
            metrics=f"http://{HOST}:{metrics[name]}/metrics" if name in metrics else None,
            restarts=health.restarts(layout, name),
        )
        for name, info in ((name, known[name]) for name in SERVICES if name in known)
    ]


def _unsupervised(layout: Layout, name: str) -> ServiceStatus:
    left = processes.find(layout.state, name)
    return ServiceStatus(name, "LEFT BEHIND", left[0].pid) if left else ServiceStatus(name, "DOWN")


def _start(layout: Layout, progress: Progress) -> Endpoints:
    if leftovers := _stop(layout):
        progress(f"ended {leftovers} processes left behind by an earlier run")
    chosen, messages = ports.choose(layout.ports)
    for message in messages:
        progress(message)
    progress("starting Kafka and Flink")
    kafka.configure(layout, chosen)
    flink.configure(layout, chosen)
    commands = {
        "kafka": kafka.command(layout),
        **flink.commands(layout, chosen),
        "maintenance": maintenance.command(layout),
    }
    supervision.start(layout, {name: commands[name] for name in SERVICES}, flink.environment(layout))
    return _ready(layout, chosen, progress)


def _ready(layout: Layout, chosen: Ports, progress: Progress) -> Endpoints:
    """Wait until the services are healthy, then publish their addresses: a client that finds them can connect."""
    health.wait(layout, chosen, progress)
    endpoints = Endpoints.of(chosen)
    layout.kafka_endpoint.write_text(f"{endpoints.kafka}\n", encoding="utf-8")
    layout.flink_endpoint.write_text(f"{endpoints.flink}\n", encoding="utf-8")
    return endpoints


def _stop_jobs(layout: Layout, progress: Progress) -> None:
    """Stop jobs with a savepoint: a killed job may have committed to one of its tables and not yet to another."""
    try:
        cluster = Cluster(flink.address(ports.read(layout.ports)), layout.rest_certificates)
        for job in cluster.jobs():
            if job.state == "RUNNING":
                progress(f"stopping {job.name}")
                cluster.stop(job.id, _JOB_LIMIT_S)
    except PlatformError as error:
        progress(f"not every job could be stopped with a savepoint: {error.problems[0].what}")


def _stop(layout: Layout) -> int:
    """Stop all processes, remove their files, and return how many processes there were."""
    count = len(processes.find(layout.state))
    supervision.stop(layout)
    processes.end(layout.state)
    if stubborn := processes.find(layout.state):
        pids = ", ".join(str(process.pid) for process in stubborn)
        raise PlatformError(f"processes of the local platform do not end: {pids}", fix="end them manually")
    for endpoint in (layout.kafka_endpoint, layout.flink_endpoint):
        endpoint.unlink(missing_ok=True)
    shutil.rmtree(layout.supervisor, ignore_errors=True)
    shutil.rmtree(layout.scratch, ignore_errors=True)
    return count


def _check_disk(layout: Layout) -> None:
    free = shutil.disk_usage(layout.state).free
    if free < _REQUIRED_FREE_BYTES:
        raise PlatformError(
            f"only {_gib(free)} of disk are free where {layout.state} is; {_gib(_REQUIRED_FREE_BYTES)} are required",
            fix="free some space, or set HEADRACE_HOME to a folder on another disk",
        )


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


@contextmanager
def _exclusive(layout: Layout, progress: Progress) -> Iterator[None]:
    """Hold the platform's lock, so that commands that start or stop it run one after another."""
    with _lock_file(layout) as lock:
        if not _acquire(lock):
            progress("waiting for another command that starts or stops the platform")
            retrying = tenacity.Retrying(
                retry=tenacity.retry_if_result(lambda locked: not locked),
                stop=tenacity.stop_after_delay(_LOCK_LIMIT_S),
                wait=tenacity.wait_fixed(0.3),
            )
            try:
                retrying(_acquire, lock)
            except tenacity.RetryError:
                what = f"another command has been starting or stopping the platform for {_LOCK_LIMIT_S} s"
                raise PlatformError(what, lock.name, "end it, then try again") from None
        yield


def _lock_file(layout: Layout) -> TextIO:
    try:
        layout.state.mkdir(parents=True, exist_ok=True)
        # Tables, logs and Kafka's records lie below, readable by anyone who can enter.
        layout.state.chmod(0o700)
        return (layout.state / "lock").open("w")
    except OSError as error:
        fix = "make it writable, or set HEADRACE_HOME to another folder"
        raise UserError(f"cannot be written: {error.strerror}", str(layout.state), fix) from None


def _acquire(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
