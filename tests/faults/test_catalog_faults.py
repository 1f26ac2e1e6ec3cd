"""The REST catalog goes wrong under a running job, and no record is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import pytest

from support.services.proxy import Fault, Proxy, proxy
from support.services.stack import Stack
from support.worlds.live_plant import Plant, reading, until

ENOUGH = 1_000
_numbers = count()


class Running(NamedTuple):
    """A plant whose job runs, and the proxy between all of it and the catalog."""

    plant: Plant
    proxy: Proxy


@pytest.fixture(scope="module")
def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("faults")
    with proxy(stack.seaweed.rest) as between, stack.plant("rest", folder, between.address) as plant:
        plant.submit()
        yield Running(plant, between)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (Fault.CONFLICT, 3),
        pytest.param(Fault.FAILS, 2, marks=pytest.mark.proof),
        pytest.param(Fault.FAILS_AFTERWARDS, 2, marks=pytest.mark.proof),
        (Fault.ANSWER_LOST, 2),
        pytest.param(Fault.SLOW, 2, marks=pytest.mark.proof),
        pytest.param(Fault.DOWN, 20, marks=pytest.mark.proof),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Fault) else "",
)
def test_no_record_is_lost_or_doubled(running: Running, fault: Fault, times: int) -> None:
    plant, between = running
    plant.produce(reading(next(_numbers)) for _ in range(ENOUGH))
    before = sum(balance.good for balance in plant.follow())
    between.inject(fault, times)
    plant.produce(reading(next(_numbers)) for _ in range(ENOUGH))
    until(lambda: between.injected == times, 120)
    plant.produce(reading(next(_numbers)) for _ in range(ENOUGH))
    account = plant.follow()
    assert all(balance.holds for balance in account)
    assert sum(balance.good for balance in account) == before + 2 * ENOUGH
