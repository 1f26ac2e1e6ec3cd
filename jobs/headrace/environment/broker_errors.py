"""Answers of a broker, and the error of one that does not answer, with the reason that librdkafka knows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from headrace.environment.addresses import unreachable
from headrace.errors import PlatformError

_REASON_LIMIT_S = 2


def unavailable(client: Mapping[str, str], error: KafkaException) -> PlatformError:
    """Return the error that Kafka does not answer, with the reason why no connection is made, if there is one."""
    where = client["bootstrap.servers"]
    what = _reason(client) or error.args[0].str()
    return PlatformError(f"Kafka does not answer: {what}", where, unreachable(where, "kafka: bootstrap.servers"))


def answer_of(response: Future[Any], limit_s: float) -> Any:
    """Return what the broker answers. Raises KafkaException, also if it does not answer within `limit_s` seconds."""
    try:
        return response.result(limit_s)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None


def _reason(client: Mapping[str, str]) -> str | None:
    """Return why no connection is made, such as a refused connection or password; None if a connection is made.

    librdkafka gives it to a callback and to its log alone: a request only reports that its time was up.
    """
    reasons: list[str] = []
    try:
        admin = AdminClient({**client, "error_cb": lambda error: reasons.append(error.str())})
    except KafkaException:  # a setting is invalid, which is the error that is explained here
        return None
    end = time.monotonic() + _REASON_LIMIT_S
    while not reasons and time.monotonic() < end:
        admin.poll(0.1)
    return reasons[0].partition(" (after ")[0] if reasons else None
