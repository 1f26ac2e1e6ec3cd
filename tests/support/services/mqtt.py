"""An MQTT broker: amqtt, which takes every client on one port of this machine."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from support import ROOT
from support.services.processes import HOST, free_ports, serving


class Everyone(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Lets every client in as if it had a name: amqtt keeps no messages for those that are anonymous."""

    async def authenticate(self, *, session: Session) -> bool:  # noqa: ARG002 - amqtt gives it by name
        """Return that the client may come in."""
        return True


@contextmanager
def mqtt_broker(folder: Path) -> Iterator[int]:
    """Run a broker with its log in `folder`; yields its port."""
    (port,) = free_ports(1)
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(Path(__file__)), str(port)]
    with serving(command, folder / "mqtt.log", lambda: _accepts(port), {"PYTHONPATH": str(ROOT / "tests")}):
        yield port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


async def _serve(port: int) -> None:
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"support.services.mqtt.Everyone": {}},
        }
    )
    await broker.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
