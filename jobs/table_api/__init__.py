"""Table API jobs, for what is hard to express in SQL.

Each job is one module, which job.yaml names, with a function `tables(inputs)` that computes the output tables from the
job's inputs. A module knows nothing else about the engine.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pyflink.datastream import DataStream
    from pyflink.table import StreamTableEnvironment, Table

    from headrace_udfs.scoring.model import Model
    from headrace_udfs.scoring.stream import Scorer
    from headrace_udfs.step_protocol import CatalogAddress


class Inputs(Protocol):
    """The inputs of a job by their names in job.yaml, which the engine passes to `tables(inputs)`.

    `environment` is for what only a TableEnvironment can do. A name that job.yaml does not have is an error.
    """

    environment: StreamTableEnvironment

    def sources(self) -> tuple[str, ...]:
        """Return the names of the sources that job.yaml reads, in its order."""

    def source(self, name: str) -> Table:
        """Return the topic's good records: the contract's fields, `ts`, `quality`, the steps' columns, the position."""

    def on_time(self, name: str) -> Table:
        """Return these records with `event_time` and the contract's watermark, without those that arrived late."""

    def table(self, name: str) -> Table:
        """Return an Iceberg table as it is when the job starts."""

    def ref(self, name: str, output: str | None = None) -> Table:
        """Return the Iceberg table that another job writes, followed as it grows."""

    def param(self, name: str) -> bool | int | float | str:
        """Return the value under params: in job.yaml."""

    def duration(self, name: str) -> timedelta:
        """Return a param like 10m as a length of time. Raises UserError if it is not a valid one."""

    def var(self, name: str) -> bool | int | float | str:
        """Return the value under vars: in catalogs/<env>.yaml."""

    def model(self) -> Model:
        """Return the model of a score job. Raises UserError if its artefact is not the one that its card describes."""

    def model_card(self) -> dict[str, Any]:
        """Return the model's card: `every_us`, `since` and `until` as ISO-8601 texts, `sha256`, and more."""

    def model_pin(self) -> str:
        """Return the model's version as `<name>@<version>`."""

    def scorer(self) -> Scorer:
        """Return the model of a score job as it scores a stream. Raises UserError as `model` does."""

    def condensed(self, name: str) -> Table:
        """Return the packs of a score job's readings that are on time: condensed BYTES, event_time with watermarks."""

    def asset_states(self) -> CatalogAddress | None:
        """Return where workers find condition.asset_states and historian.tags; None if job.yaml does not read them."""

    def rows_of_sink(self, sent: DataStream, sink: str, row: str) -> Table:
        """Return the rows of the Arrow streams that `sent` has for a sink.

        sent: records of a STRING, the sink, and BYTES, the stream. row: the type of the rows as SQL has it, ROW<...>.
        """

    def to_stream(self, table: Table) -> DataStream:
        """Return the rows of the table as a stream, whose records have the table's event time if it has one.

        A timestamp finer than a millisecond becomes an int, in microseconds since 1970.
        """
