"""A broker that does not answer is an error with its reason and a fix, and librdkafka prints nothing of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headrace.environment import kafka_metadata
from headrace.environment.addresses import unreachable
from headrace.errors import PlatformError

_ASK = """
from headrace.environment import consumer_lag, kafka_metadata
from headrace.environment.settings import Flink, Settings
from headrace.errors import PlatformError

catalog = {"type": "sqlite", "name": "c", "path": "c.db", "warehouse": "file:///tmp/w"}
settings = Settings(catalog=catalog, kafka={"bootstrap.servers": "127.0.0.1:1"}, flink=Flink(rest="http://h:1"))
kafka_metadata.LIMIT_S = consumer_lag._LIMIT_S = 1
for ask in (kafka_metadata.topic_names, lambda client: consumer_lag.progress(client, {"g": ["t"]}, 30)):
    try:
        ask(settings.kafka_client())
    except PlatformError as error:
        print(error)
"""


def test_a_closed_port_is_reported_with_its_reason_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    what, fix, *again = done.stdout.splitlines()
    assert what == (
        "127.0.0.1:1: Kafka does not answer: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: "
        "Connection refused"
    )
    assert fix.startswith("  fix: is it up? `headrace local up` starts the local platform")
    assert again == [what, fix]


def test_settings_that_librdkafka_refuses_are_reported() -> None:
    with pytest.raises(PlatformError, match="Kafka does not answer: Failed to create admin client") as caught:
        kafka_metadata.topic_names(
            {"bootstrap.servers": "127.0.0.1:1", "security.protocol": "ssl", "ssl.key.pem": "no key"}
        )
    assert caught.value.problems[0].fix


@pytest.mark.parametrize(
    ("addresses", "is_local"),
    [
        ("127.0.0.1:9092", True),
        ("http://127.0.0.1:8081", True),
        ("http://localhost:8081", True),
        ("[::1]:9092, localhost:9092", True),
        ("127.0.0.1:9092,broker-2:9092", False),
        ("broker-1:9093,broker-2:9093", False),
        ("https://flink.plant.example", False),
        ("http://127.0.0.1.plant.example:80", False),
        ("10.0.0.4:9092", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_the_local_platform_is_named_only_for_addresses_of_this_machine(addresses: str, is_local: bool) -> None:
    assert ("headrace local up" in unreachable(addresses, "flink.rest")) == is_local
    assert "flink.rest" in unreachable(addresses, "flink.rest")
