"""No process of the platform, of a job or of a command that plans one can be reached from the network."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import httpx
import psutil

from headrace import local
from headrace.local import processes
from support.worlds.live_plant import Plant, reading


def test_every_listening_socket_is_on_the_loopback_address(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(100))
    own_plant.submit(parallelism=1)
    own_plant.follow()
    sockets = list(listening(own_plant))
    # Kafka, Flink, the workers' servers in the TaskManager, and the Java process that planned the job.
    assert {name for name, _, _ in sockets} >= {"kafka", "jobmanager", "taskmanager", "tests"}
    assert len([port for name, _, port in sockets if name == "taskmanager"]) > 5
    assert [each for each in sockets if not is_loopback(each[1])] == []


def test_metrics_are_published_on_the_loopback_address(own_plant: Plant) -> None:
    addresses = [each.metrics for each in local.status(own_plant.project) if each.metrics]
    assert len(addresses) == 2
    assert all("flink_" in httpx.get(address, trust_env=False).text for address in addresses)


def is_loopback(address: str) -> bool:
    return ip_address(address.removeprefix("::ffff:")).is_loopback


def listening(plant: Plant) -> Iterator[tuple[str, str, int]]:
    """Yield service, address and port of each TCP socket on which a process of the platform or of this test listens."""
    platform = {process.pid: process for process in processes.find(plant.project.local)}
    for process in [*platform.values(), psutil.Process(), *psutil.Process().children(recursive=True)]:
        for socket in process.net_connections("tcp"):
            if socket.status == psutil.CONN_LISTEN:
                service = process.environ().get(processes.SERVICE, "") if process.pid in platform else "tests"
                yield service, socket.laddr.ip, socket.laddr.port
