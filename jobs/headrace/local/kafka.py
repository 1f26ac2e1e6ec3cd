"""One Kafka node (KRaft: broker and controller in one process) that runs from its Maven jars."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from importlib.resources import files

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from headrace.errors import PlatformError
from headrace.local.layout import Layout, java
from headrace.local.ports import HOST, Ports

_FORMAT_LIMIT_S = 60


def configure(layout: Layout, ports: Ports) -> None:
    """Write server.properties and, before the first start, format the log directory."""
    data = layout.broker / "data"
    layout.broker.mkdir(parents=True, exist_ok=True)
    listeners = f"BROKER://{HOST}:{ports.kafka},CONTROLLER://{HOST}:{ports.controller}"
    own = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{HOST}:{ports.controller}",
        "log.dirs": str(data),
    }
    static = files("headrace.local").joinpath("kafka.properties").read_text(encoding="utf-8")
    lines = [f"{key}={value}" for key, value in own.items()]
    (layout.broker / "server.properties").write_text("\n".join([static, *lines, ""]), encoding="utf-8")
    log4j = files("headrace.local").joinpath("log4j2.properties").read_text(encoding="utf-8")
    (layout.broker / "log4j2.properties").write_text(log4j, encoding="utf-8")
    if not (data / "meta.properties").is_file():
        _format(layout)


def command(layout: Layout) -> list[str]:
    """Return the command that starts the broker in the foreground."""
    return [*_java(layout), "-Xms256m", "-Xmx512m", "kafka.Kafka", str(layout.broker / "server.properties")]


def is_healthy(ports: Ports) -> bool:
    """Return whether the broker lists itself."""
    try:
        client = AdminClient({"bootstrap.servers": f"{HOST}:{ports.kafka}", "log_level": 0})
        return bool(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def _format(layout: Layout) -> None:
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    settings = str(layout.broker / "server.properties")
    # Passed as one argument: an id that begins with - would otherwise be read as an option.
    arguments = ["format", "--standalone", f"--cluster-id={cluster}", "--config", settings]
    try:
        done = subprocess.run(
            [*_java(layout), "kafka.tools.StorageTool", *arguments],
            capture_output=True,
            text=True,
            timeout=_FORMAT_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(f"Kafka's log directory was not formatted in {_FORMAT_LIMIT_S} s") from None
    if done.returncode:
        raise PlatformError(f"Kafka's log directory could not be formatted:\n{done.stdout}{done.stderr}", settings)


def _java(layout: Layout) -> list[str]:
    log4j = layout.broker / "log4j2.properties"
    return [java(), "-cp", f"{layout.kafka_jars}/*", f"-Dlog4j2.configurationFile={log4j}"]
