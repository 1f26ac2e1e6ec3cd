"""On which sockets processes listen, and what a port asks of a client."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address

import psutil

from support.services.processes import HOST


def listening(processes: Iterable[psutil.Process]) -> Iterator[tuple[psutil.Process, str, int]]:
    """Yield process, address and port of each TCP socket on which one of the processes listens.

    A process that has ended meanwhile has none.
    """
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            for each in process.net_connections("tcp"):
                if each.status == psutil.CONN_LISTEN:
                    yield process, each.laddr.ip, each.laddr.port


def of_this_process() -> list[psutil.Process]:
    """Return this process and all that it has started, such as the Java process that plans jobs."""
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def is_loopback(address: str) -> bool:
    """Return whether no other machine reaches the address. Java writes those of IPv4 as addresses of IPv6."""
    return ip_address(address.removeprefix("::ffff:")).is_loopback


def asks_for_a_certificate(port: int) -> bool:
    """Return whether the server on this port ends a connection because the client shows no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((HOST, port), 15) as plain, context.wrap_socket(plain) as client:
            client.recv(1)
    except ssl.SSLError as error:
        # Java reports an absent certificate as a bad one.
        return error.reason in {"SSLV3_ALERT_BAD_CERTIFICATE", "TLSV13_ALERT_CERTIFICATE_REQUIRED"}
    except OSError:
        return False
    return False
