"""The steps of a worker share one copy of historian.tags, which is updated when the table changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from tenacity import Retrying, stop_after_delay, wait_fixed

from headrace_udfs import table_cache
from headrace_udfs.contract import Contract
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.step_protocol import CatalogAddress, Worker
from headrace_udfs.steps import Enrich, Range
from headrace_udfs.table_cache import TableCache
from headrace_udfs.tag_cache import KEPT
from headrace_udfs.types import ContractType

SCHEMA = pa.schema(
    [
        pa.field("tag", pa.string(), nullable=False),
        ("asset", pa.string()),
        ("unit", pa.string()),
        ("range_low", pa.float64()),
        ("range_high", pa.float64()),
    ]
)
CONTRACT = Contract.model_validate(
    {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "quality": {"path": "q", "mapping": "opcda"},
        "key": "tag",
    }
)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogAddress:
    """A catalog whose location is a reference, as a secret would be."""
    monkeypatch.setenv("TAG_CACHE_TEST", str(tmp_path))
    properties = {"type": "sql", "uri": "sqlite:///${env:TAG_CACHE_TEST}/c.db", "warehouse": f"file://{tmp_path}/w"}
    return CatalogAddress("plant", properties)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    loaded = load_catalog("plant", type="sql", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/w")
    loaded.create_namespace("historian")
    loaded.create_table("historian.tags", SCHEMA)
    yield loaded
    loaded.close()


def write(catalog: Catalog, *rows: tuple[str, str, str, float, float | None]) -> None:
    named = [dict(zip(SCHEMA.names, row, strict=True)) for row in rows]
    table = catalog.load_table("historian.tags")
    (table.overwrite if table.current_snapshot() else table.append)(pa.Table.from_pylist(named, schema=SCHEMA))


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "headrace-historian.tags"]


def test_a_table_without_a_snapshot_has_no_tags(address: CatalogAddress, catalog: Catalog) -> None:
    cache = TableCache(address, KEPT)
    assert len(cache.rows) == 0
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0))
    cache.refresh()
    assert cache.rows.asset.to_pylist() == ["site/a"]
    cache.close()


def test_a_table_that_has_not_changed_is_not_read_again(address: CatalogAddress, catalog: Catalog) -> None:
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0))
    cache = TableCache(address, KEPT)
    before = cache.rows
    cache.refresh()
    assert cache.rows is before
    cache.close()


def test_a_change_is_seen_without_a_restart(address: CatalogAddress, catalog: Catalog) -> None:
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0))
    cache = TableCache(address, KEPT, refresh_s=0.02)
    write(catalog, ("a", "site/b", "bar", 1.0, 2.0), ("b", "site/b", "bar", 1.0, 2.0))
    for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.02)):
        with attempt:
            assert cache.rows.asset.to_pylist() == ["site/b", "site/b"]
    cache.close()


def test_tags_stay_as_they_are_when_the_catalog_fails(
    address: CatalogAddress, catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0))
    with caplog.at_level(logging.WARNING):
        cache = TableCache(address, KEPT, refresh_s=0.02)
        catalog.drop_table("historian.tags")
        for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.02)):
            with attempt:
                assert "historian.tags could not be read; its 1 rows stay as they are" in caplog.text
    assert cache.rows.asset.to_pylist() == ["site/a"]
    assert threads(), "the cache still checks for changes"
    cache.close()


def test_a_catalog_without_the_table_is_an_error(
    address: CatalogAddress, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_cache, "FIRST_LOOK_WAIT_S", 0.0)
    catalog.drop_table("historian.tags")
    with pytest.raises(RuntimeError, match=r"historian\.tags of catalog 'plant' cannot be read: .*does not exist"):
        TableCache(address, KEPT)
    assert not threads()


def test_a_catalog_that_does_not_exist_is_an_error_and_is_not_created(
    address: CatalogAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_cache, "FIRST_LOOK_WAIT_S", 0.0)
    with pytest.raises(RuntimeError, match=r"there is no catalog: .*c\.db does not exist"):
        TableCache(address, KEPT)
    assert not [*tmp_path.iterdir()]
    (tmp_path / "c.db").touch()
    with pytest.raises(RuntimeError, match=r"historian\.tags of catalog 'plant' cannot be read"):
        TableCache(address, KEPT)
    assert (tmp_path / "c.db").stat().st_size == 0


def test_steps_opened_and_closed_many_times_share_one_cache_and_leave_no_thread(
    address: CatalogAddress, catalog: Catalog
) -> None:
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0))
    for _ in range(10):
        pipelines = [Pipeline(CONTRACT, [Enrich(), Range()], address) for _ in range(3)]
        for pipeline in pipelines:
            pipeline.open(lambda _name, _n: None)
        assert len(threads()) == 1
        for pipeline in pipelines:
            pipeline.close()
        assert not threads()


def test_readings_are_enriched_and_unknown_tags_and_values_out_of_range_are_counted(
    address: CatalogAddress, catalog: Catalog
) -> None:
    write(catalog, ("a", "site/a", "bar", 1.0, 2.0), ("open", "site/f", "K", 1.0, None))
    counted: list[tuple[str, int]] = []
    pipeline = Pipeline(CONTRACT, [Enrich(), Range()], address)
    pipeline.open(lambda name, n: counted.append((name, n)))
    readings = (("a", 12.0, 192), ("a", 1, 192), ("a", 12, 0), ("open", 5, 192), ("new", 5, 192), ("a", "null", 192))
    payloads = [f'{{"tag":"{tag}","value":{value},"ts":1400000000000,"q":{q}}}'.encode() for tag, value, q in readings]
    batch = pipeline.run(Messages(payloads)).batch
    pipeline.close()
    assert batch["err_code"].null_count == len(readings)
    assert batch["asset"].to_pylist() == ["site/a", "site/a", "site/a", "site/f", None, "site/a"]
    assert batch["unit"].to_pylist() == ["bar", "bar", "bar", "K", None, "bar"]
    assert batch["quality"].to_pylist() == [0x40940000, 0, 0x80000000, 0, 0, 0]
    assert batch["value"].to_pylist() == [12.0, 1.0, 12.0, 5.0, 5.0, None]
    assert counted == [("unknown_tags", 1), ("out_of_range", 1)]


@pytest.mark.usefixtures("catalog")
def test_a_step_that_cannot_open_leaves_no_other_open(address: CatalogAddress) -> None:
    class Shut(Enrich):
        name = "shut"
        outputs: ClassVar[Mapping[str, ContractType]] = {}

        def open(self, worker: Worker) -> None:
            raise ValueError(f"shut to {worker.catalog}")

    with pytest.raises(ValueError, match="shut"):
        Pipeline(CONTRACT, [Enrich(), Shut()], address).open(lambda _name, _n: None)
    assert not threads()


def test_a_step_that_reads_tags_needs_a_catalog() -> None:
    with pytest.raises(ValueError, match=r"step 'enrich' reads historian\.tags, but no catalog is set"):
        Pipeline(CONTRACT, [Enrich()]).open(lambda _name, _n: None)
