"""A job's compiled plan, as it is stored with the incarnation that runs from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from headrace.compose.job_statements import Composition
from headrace.environment import kafka_metadata, source_topics
from headrace.environment.settings import Settings


@dataclass(frozen=True)
class StoredPlan:
    """A plan without secrets.

    `plan` is Flink's JSON without the options of tables, which may hold secrets; None for a Table API job. `graph` has
    one line per operator of a Table API job, with its inputs. `topics` are the identities of the topics that the job's
    sources read, and that its offsets belong to, by source, or by source:topic if it has several. `store` describes
    where the tables of the catalog are. `top` is the highest id that an operator of the job has ever had. `model` is
    the version of the model of a score job.
    """

    plan: Mapping[str, Any] | None
    graph: tuple[str, ...]
    topics: Mapping[str, str]
    store: str
    top: int
    model: str | None = None

    @property
    def topic_ids(self) -> dict[str, str]:
        """Kafka's ids of the topics that the job's sources read, by the topics' names."""
        return dict(text.split() for text in self.topics.values())

    def reads(self, source: str) -> bool:
        """Return whether the source is one of the job."""
        return any(place.partition(":")[0] == source for place in self.topics)

    def has_offsets(self, source: str, topics: Collection[str]) -> bool:
        """Return whether the source is one of the job, and reads one of the topics: with others it is a new one."""
        known = (text.split()[0] for place, text in self.topics.items() if place.partition(":")[0] == source)
        return not {*known}.isdisjoint(topics)

    def to_text(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> StoredPlan:
        """Return the plan that `to_text` wrote."""
        values = json.loads(text)
        plan, graph, topics = values["plan"], tuple(values["graph"]), values["topics"]
        # Plans of before score jobs have no model.
        return cls(plan, graph, topics, values["store"], values["top"], values.get("model"))


def stored_form(
    composition: Composition, settings: Settings, plan: Mapping[str, Any] | None, graph: tuple[str, ...] = ()
) -> StoredPlan:
    """Return the stored form of a composition's plan, or of a Table API job's graph.

    Raises as kafka_metadata.identity does.
    """
    read = dict(zip(composition.folder.job.sources, composition.sources, strict=True))
    client = settings.kafka_client()
    identities = {
        (f"{name}:{topic}" if source.contract.several else name): kafka_metadata.identity(client, topic)
        for name, source in read.items()
        for topic in source_topics.names(client, source.contract)
    }
    catalog = settings.catalog
    store = f"{catalog.name} in {catalog.warehouse}"
    if "://" not in catalog.warehouse:
        store += f" of {catalog.address}"
    if plan is None:
        return StoredPlan(None, graph, identities, store, 0, composition.folder.job.model)
    return StoredPlan(_without_options(plan), (), identities, store, max(node["id"] for node in plan["nodes"]))


def _without_options(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_options(inner) for key, inner in value.items() if key != "options"}
    return [_without_options(each) for each in value] if isinstance(value, list) else value
