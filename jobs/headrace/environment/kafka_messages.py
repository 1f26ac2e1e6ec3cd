"""Send messages to a topic, all of them or none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from headrace.environment import kafka_metadata
from headrace.environment.broker_errors import unavailable
from headrace.errors import PlatformError
from headrace.project.message_file import FileMessage

LIMIT_S = 60
"""Seconds without progress after which the broker counts as not answering."""

_LARGEST = 2**24
# As long as jobs may keep a transaction open, and within the default limit of brokers.
_TRANSACTION_MS = 900_000


@dataclass
class Sent:
    """What topics have got: the number of messages, and the first and last offset in each partition of each topic."""

    messages: int = 0
    offsets: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)


def send(
    client: Mapping[str, str],
    topic: str,
    messages: Iterable[FileMessage],
    progress: Callable[[int], None] = lambda _sent: None,
) -> Sent:
    """Send the messages in one transaction, and return what the broker has stored.

    topic: where messages go that do not say theirs. A message without a partition goes to the one of its key, as Java's
    clients choose it. `progress` gets the number of messages so far. Raises what `messages` raises, and PlatformError
    if the broker does not take one of them: readers of committed messages, such as jobs, then see none of them.
    """
    kafka_metadata.topic_id(client, topic)  # otherwise the producer would wait for a topic that is not there
    known = {topic}
    transaction = _Transaction(client, topic)
    try:
        for number, message in enumerate(messages, 1):
            if message.topic and message.topic not in known:
                kafka_metadata.topic_id(client, message.topic)
                known.add(message.topic)
            transaction.add(message)
            if number % 10_000 == 0:
                progress(number)
        return transaction.commit()
    except BaseException:
        transaction.abort()
        raise


class _Transaction:
    """A transaction of one producer: messages are added, then committed or aborted, once."""

    def __init__(self, client: Mapping[str, str], topic: str) -> None:
        self._client, self._topic = client, topic
        self._sent, self._failed = Sent(), list[KafkaError]()
        self._open = False
        self._producer = Producer(
            {
                **client,
                "transactional.id": f"headrace.send.{topic}.{uuid.uuid4().hex}",
                "transaction.timeout.ms": _TRANSACTION_MS,
                "message.max.bytes": _LARGEST + 2**16,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "compression.type": "lz4",
            }
        )
        try:
            self._producer.init_transactions(LIMIT_S)
            self._producer.begin_transaction()
        except KafkaException as error:
            raise self._failure(error) from None
        self._open = True

    def add(self, message: FileMessage) -> None:
        options = {} if message.partition is None else {"partition": message.partition}
        if message.time:
            options["timestamp"] = round(message.time.timestamp() * 1000)
        while True:
            try:
                self._producer.produce(
                    message.topic or self._topic, message.value, message.key,
                    headers=list(message.headers), on_delivery=self._delivered, **options,
                )  # fmt: skip
            except BufferError:
                self._wait()
            except KafkaException as error:
                fault = error.args[0]
                what = f"nothing was sent: line {message.line} is not taken: {fault.str()}"
                raise PlatformError(what, self._topic, _fix(fault)) from None
            else:
                self._producer.poll(0)
                return

    def commit(self) -> Sent:
        try:
            if self._producer.flush(LIMIT_S):
                raise PlatformError(f"the broker has not answered for {LIMIT_S} s: nothing was sent", self._topic)
            if self._failed:
                raise PlatformError(f"nothing was sent: {self._failed[0].str()}", self._topic, _fix(self._failed[0]))
            self._producer.commit_transaction(LIMIT_S)
        except KafkaException as error:
            if error.args[0].code() == KafkaError._TIMED_OUT:
                self._open = False
                what = "the broker does not say whether it has stored the messages: all of them or none are there"
                raise PlatformError(what, self._topic, "compare the topic's end: headrace topics list --json") from None
            raise self._failure(error) from None
        self._open = False
        return self._sent

    def abort(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._producer.purge()
            self._producer.abort_transaction(LIMIT_S)
        except KafkaException:
            return  # the broker aborts it after its time limit, and nobody sees its messages before

    def _wait(self) -> None:
        if not self._producer.poll(LIMIT_S):
            raise PlatformError(f"the broker has taken no message for {LIMIT_S} s: nothing was sent", self._topic)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error:
            self._failed.append(error)
            return
        self._sent.messages += 1
        partition, offset = message.partition(), message.offset()
        partitions = self._sent.offsets.setdefault(message.topic(), {})
        first, last = partitions.get(partition, (offset, offset))
        partitions[partition] = min(first, offset), max(last, offset)

    def _failure(self, error: KafkaException) -> PlatformError:
        if error.args[0].code() in {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}:
            return unavailable(self._client, error)
        return PlatformError(f"nothing was sent: {error.args[0].str()}", self._topic)


def _fix(fault: KafkaError) -> str | None:
    return {
        KafkaError.INVALID_RECORD: "a compacted topic takes no message without a key: give each one, or --key FIELD",
        KafkaError._UNKNOWN_PARTITION: "headrace topics list shows how many partitions the topic has",
        KafkaError.MSG_SIZE_TOO_LARGE: "the topic's max.message.bytes is smaller than a message",
    }.get(fault.code())
