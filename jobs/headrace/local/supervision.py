"""supervisord, which keeps the services running after the command that started them has exited."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Mapping
from configparser import RawConfigParser
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil

from headrace.errors import PlatformError
from headrace.local import processes
from headrace.local.layout import Layout

_ANSWER_LIMIT_S = 10
_START_LIMIT_S = 30
_STOP_LIMIT_S = 60
# The path of a Unix socket has at most 107 bytes, and supervisord first binds the path with its pid appended.
_LONGEST_SOCKET_PATH = 95

# Variables that a shell may set for another Flink, Java or Python. All others are passed on, because references in the
# project's settings may use them.
_FOREIGN = re.compile(
    "(FLINK|PYFLINK|PYTHON|SUPERVISOR).*|(HADOOP|HBASE|YARN)_CONF_DIR|HADOOP_(HOME|CLASSPATH)"
    "|CLASSPATH|JVM_ARGS|(_JAVA|JDK_JAVA)_OPTIONS|VIRTUAL_ENV"
    "|ROOT_LOG_LEVEL|STD_REDIRECT_TO_FILE|MAX_LOG_FILE_NUMBER"
)


def start(layout: Layout, services: Mapping[str, list[str]], environment: Mapping[str, str]) -> None:
    """Start supervisord and the services (name to command, in the order to start them), detached."""
    for folder in (layout.supervisor, layout.logs):
        folder.mkdir(parents=True, exist_ok=True)
    config = layout.supervisor / "supervisord.conf"
    with config.open("w", encoding="utf-8") as file:
        _config(layout, services).write(file)
    inherited = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "supervisor.supervisord", "-c", str(config)],
            env={**inherited, **environment, processes.MARKER: str(layout.state)},
            cwd=layout.state,
            capture_output=True,
            text=True,
            timeout=_START_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(f"supervisord did not start within {_START_LIMIT_S} s", str(config)) from None
    if done.returncode:
        raise PlatformError(f"supervisord did not start: {done.stdout}{done.stderr}".strip(), str(config))


def services(layout: Layout) -> dict[str, dict[str, Any]] | None:
    """Return supervisord's information on each service, by name; None if supervisord is not running."""
    try:
        return {info["name"]: info for info in _client(layout).getAllProcessInfo()}
    except TimeoutError:
        raise PlatformError(f"supervisord did not answer within {_ANSWER_LIMIT_S} s", str(layout.supervisor)) from None
    except (OSError, http.client.HTTPException):
        return None


def stop(layout: Layout) -> None:
    """Stop the services in reverse order, then supervisord. Does nothing if supervisord is not running."""
    try:
        client = _client(layout)
        supervisord = psutil.Process(client.getPID())
        client.shutdown()
    except (OSError, http.client.HTTPException, psutil.NoSuchProcess):
        return
    processes.wait_for_end([supervisord], _STOP_LIMIT_S)


def _client(layout: Layout) -> Any:
    """Return the `supervisor` namespace of supervisord's XML-RPC interface; calls raise OSError if it is down."""
    config = RawConfigParser()
    config.read(layout.supervisor / "supervisord.conf", encoding="utf-8")
    path = config.get("unix_http_server", "file", fallback="").replace("%%", "%")
    return xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(path)).supervisor


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket. supervisor's own transport waits indefinitely if supervisord does not answer."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """Connect to the Unix socket, with a timeout."""
        connection = http.client.HTTPConnection(host, timeout=_ANSWER_LIMIT_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(_ANSWER_LIMIT_S)
        connection.sock.connect(self._path)
        return connection


def _config(layout: Layout, services: Mapping[str, list[str]]) -> RawConfigParser:
    config = RawConfigParser()
    config["supervisord"] = {
        "logfile": _relative(layout, layout.log("supervisord")),
        "logfile_maxbytes": "1MB",
        "logfile_backups": "1",
        "pidfile": _relative(layout, layout.supervisor / "supervisord.pid"),
    }
    config["unix_http_server"] = {"file": _escaped(str(_socket_path(layout))), "chmod": "0700"}
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for priority, (name, command) in enumerate(services.items()):
        launch = [sys.executable, "-I", "-m", "headrace.local.launch", str(layout.starts(name)), *command]
        config[f"program:{name}"] = {
            "command": _escaped(shlex.join(launch)),
            "priority": str(priority),
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "20",
            "stopwaitsecs": "15",
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _relative(layout, layout.log(name)),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        }
    return config


def _socket_path(layout: Layout) -> Path:
    path = layout.supervisor / "supervisord.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"headrace-{sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def _relative(layout: Layout, path: Path) -> str:
    """Return `path` relative to supervisord's working directory: it expands log paths twice, so % cannot be escaped."""
    return str(path.relative_to(layout.state))


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
