"""A plain address on this machine for a REST API with certificates, for programs of the same user alone."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from headrace.environment import flink_tls
from headrace.environment.addresses import unreachable
from headrace.errors import PlatformError

_HOST = "127.0.0.1"
_CHUNK = 2**16
_CONNECT_LIMIT_S = 10
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


@contextmanager
def bridge(rest: str, tls: Path, port: int = 0) -> Iterator[str]:
    """Yield an address, `http://127.0.0.1:port`, that passes connections on to `rest` with the certificate in `tls`.

    A connection is closed at once unless Linux reports that its other end belongs to the user of this process. `port` 0
    takes a free one. Raises PlatformError if there is no certificate, the API does not answer, or the port is taken.
    """
    there, known = urlsplit(rest), flink_tls.context(tls)
    target = str(there.hostname), there.port or 443
    try:
        socket.create_connection(target, _CONNECT_LIMIT_S).close()
    except OSError as error:
        raise PlatformError(
            f"the Flink cluster does not answer: {error}", rest, unreachable(rest, "flink.rest")
        ) from None

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer, here = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        with suppress(OSError, asyncio.CancelledError):  # asyncio would log that a task of its own was cancelled
            if _owner(peer[1], here[1]) == os.getuid():
                onward = await asyncio.open_connection(*target, ssl=known)
                await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
        writer.close()

    with _listening(port) as listener, _loop() as loop:
        run = asyncio.run_coroutine_threadsafe
        server = run(asyncio.start_server(pass_on, sock=listener), loop).result()
        yield f"http://{_HOST}:{listener.getsockname()[1]}"
        loop.call_soon_threadsafe(server.close)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            raise PlatformError(f"port {port} is not free: {error.strerror}", fix="choose another --port") from None
        yield listener


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Yield an event loop that runs in a thread of its own until the block ends; its tasks are then cancelled."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bridge", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Pass bytes on until the source ends; then nothing more comes, and the sink is closed."""
    try:
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()


def _owner(peer: int, here: int) -> int | None:
    """Return the user of the socket on port `peer` that is connected to port `here` of this machine; None if none is.

    Java's sockets are in the table of IPv6, with the same address mapped.
    """
    for table in _TABLES:
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, _, _, _, _, uid, *_ = line.split()
            if local.endswith(f"0100007F:{peer:04X}") and remote.endswith(f"0100007F:{here:04X}"):
                return int(uid)
    return None
