"""Bounds on the requests that `headrace serve` answers at a time, and on clients that do not read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from headrace.historian.serve import load
from headrace.historian.serve.load import AT_ONCE, OPEN_ANSWERS, OPEN_FILES, Load

BODY = b"x" * 1_000_000


class App:
    """Answers once `allowed`; counts the requests that are worked on, and those whose answer has not been sent."""

    def __init__(self, body: bytes = b"fine") -> None:
        self.allowed = asyncio.Event()
        self.body = body
        self.count: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self._add("worked on", "open")
        try:
            await self.allowed.wait()
            self.count["worked on"] -= 1
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": self.body, "more_body": False})
        finally:
            self.count["open"] -= 1

    def _add(self, *names: str) -> None:
        for name in names:
            self.count[name] += 1
            self.most[name] = max(self.most[name], self.count[name])


class Client:
    """Takes messages, as many pieces of a body as `reads`; then it blocks like a client that does not read."""

    def __init__(self, reads: int = 1000) -> None:
        self.reads = reads
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        if len(self.messages) > self.reads:
            await asyncio.Event().wait()
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


async def nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def request(app: Load, client: Client, path: str = "/api/plot") -> asyncio.Task[None]:
    return asyncio.create_task(_called(app({"type": "http", "path": path}, nothing, client.send)))


async def _called(answer: Awaitable[None]) -> None:
    await answer


def run(test: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_few_requests_are_worked_on_at_a_time_and_all_are_answered() -> None:
    async def test() -> None:
        app = App()
        bounded, clients = Load(app), [Client() for _ in range(5 * AT_ONCE)]
        tasks = [request(bounded, client) for client in clients]
        await asyncio.sleep(0.05)
        assert app.count["worked on"] == AT_ONCE
        app.allowed.set()
        await asyncio.gather(*tasks)
        assert [client.status for client in clients] == [200] * len(clients)

    run(test)


def test_the_page_waits_for_no_question_and_for_no_slow_reader() -> None:
    async def test() -> None:
        app = App()
        bounded, page = Load(app), Client()
        for path in ("/api/plot", "/api/readings.csv"):
            for _ in range(50):
                request(bounded, Client(), path)
        await asyncio.sleep(0.05)
        asked = request(bounded, page, "/page/style.css")
        await asyncio.sleep(0.05)
        assert app.count["worked on"] == AT_ONCE + OPEN_FILES + 1
        app.allowed.set()
        await asked
        assert page.status == 200

    run(test)


@pytest.mark.parametrize(("path", "bound"), [("/api/plot", OPEN_ANSWERS), ("/api/readings.csv", OPEN_FILES)])
def test_only_so_many_answers_wait_for_clients_that_do_not_read(path: str, bound: int) -> None:
    async def test() -> None:
        app = App(BODY)
        app.allowed.set()
        bounded = Load(app)
        for _ in range(50):
            request(bounded, Client(reads=2), path)
        await asyncio.sleep(0.2)
        assert app.count["open"] == bound
        assert app.most["open"] == bound

    run(test)


def test_slow_readers_of_files_do_not_keep_others_from_the_rest_of_the_api() -> None:
    async def test() -> None:
        app, trend = App(BODY), Client()
        app.allowed.set()
        bounded = Load(app)
        for _ in range(50):
            request(bounded, Client(reads=2), "/api/readings.csv")
        await request(bounded, trend)
        assert (trend.status, trend.body) == (200, BODY)

    run(test)


def test_a_client_that_does_not_read_is_disconnected_and_the_next_one_has_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(load, "READ_S", 0.1)

    async def test() -> None:
        app = App(BODY)
        app.allowed.set()
        bounded, slow, late = Load(app), [Client(reads=3) for _ in range(OPEN_ANSWERS)], Client()
        tasks = [request(bounded, client) for client in slow]
        await asyncio.sleep(0.02)
        await request(bounded, late)
        await asyncio.gather(*tasks)
        assert late.body == BODY
        assert all(client.messages[-1]["more_body"] for client in slow)

    run(test)
    assert "did not read" in caplog.text


def test_a_request_that_has_waited_too_long_is_refused_and_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WAIT_S", 0.1)

    async def test() -> None:
        app, late = App(), Client()
        bounded = Load(app)
        for _ in range(AT_ONCE):
            request(bounded, Client())
        await asyncio.sleep(0.02)
        await request(bounded, late)
        assert late.status == 503
        assert (b"retry-after", b"60") in late.messages[0]["headers"]
        assert b"the server is busy" in late.body
        app.allowed.set()
        await asyncio.sleep(0.02)
        again = Client()
        await request(bounded, again)
        assert again.status == 200

    run(test)
