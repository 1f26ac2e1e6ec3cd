"""No process of the platform, of a job or of a command that plans one can be reached from the network."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from headrace import local
from headrace.local import processes
from support import sockets
from support.worlds.live_plant import Plant, reading


def test_every_listening_socket_is_on_the_loopback_address(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(100))
    own_plant.submit(parallelism=1)
    own_plant.follow()
    found = list(listening(own_plant))
    # Kafka, Flink, the workers' servers in the TaskManager, and the Java process that planned the job.
    assert {name for name, _, _ in found} >= {"kafka", "jobmanager", "taskmanager", "tests"}
    assert len([port for name, _, port in found if name == "taskmanager"]) > 5
    assert [each for each in found if not sockets.is_loopback(each[1])] == []
    metrics = {urlsplit(str(each.metrics)).port for each in local.status(own_plant.project)}
    flinks = {(name, port) for name, _, port in found if name in {"jobmanager", "taskmanager"} and port not in metrics}
    asking = {(name, port) for name, port in flinks if sockets.asks_for_a_certificate(port)}
    # REST, RPC, files and the metrics' own RPC; only metrics are published to whoever asks.
    (rest,) = {urlsplit(own_plant.settings.flink_rest()).port}
    assert ("jobmanager", rest) in asking
    assert {each for each in flinks - asking if each[0] == "jobmanager"} == set()
    # RPC, records and the metrics' own RPC; the servers of Python workers ask for nothing (docs/security.md).
    assert len([port for name, port in asking if name == "taskmanager"]) == 3


def test_metrics_are_published_on_the_loopback_address(own_plant: Plant) -> None:
    addresses = [each.metrics for each in local.status(own_plant.project) if each.metrics]
    assert len(addresses) == 2
    assert all("flink_" in httpx.get(address, trust_env=False, timeout=60).text for address in addresses)


def listening(plant: Plant) -> Iterator[tuple[str, str, int]]:
    """Yield service, address and port of each TCP socket on which a process of the platform or of this test listens."""
    platform = {process.pid: process for process in processes.find(plant.project.local)}
    for process, address, port in sockets.listening([*platform.values(), *sockets.of_this_process()]):
        service = process.environ().get(processes.SERVICE, "") if process.pid in platform else "tests"
        yield service, address, port
