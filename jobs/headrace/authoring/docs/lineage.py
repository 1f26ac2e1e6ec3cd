"""The lineage graph: which topics, jobs and tables feed which, from job.yaml files and templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headrace.authoring.docs.contents import Contents
from headrace.errors import UserError, unknown
from headrace.project.job import TOPIC, Job
from headrace.project.system_tables import DEAD_LETTERS

Kind = Literal["topic", "job", "table"]
How = Literal["read", "append", "upsert", "refused", "late"]


@dataclass(frozen=True, order=True)
class Node:
    """A Kafka topic (by its name in Kafka), a job, or an Iceberg table."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, order=True)
class Edge:
    """A flow of records from `start` to `end`: a job reads or writes them; `refused` and `late` ones are set aside."""

    start: Node
    end: Node
    how: How

    @property
    def aside(self) -> bool:
        """Whether the records are set aside: refused or late."""
        return self.how in ("refused", "late")


@dataclass(frozen=True)
class Lineage:
    """Every topic, job and table, connected or not, and the edges between them; both sorted."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def into(self, node: Node) -> list[Edge]:
        """Return the edges that end at the node."""
        return [edge for edge in self.edges if edge.end == node]

    def out_of(self, node: Node) -> list[Edge]:
        """Return the edges that start at the node."""
        return [edge for edge in self.edges if edge.start == node]

    def around(self, job: str) -> Lineage:
        """Return everything upstream and downstream of the job. Raises UserError for an unknown job."""
        start = Node("job", job)
        if start not in self.nodes:
            raise UserError([unknown("job", job, (node.name for node in self.nodes if node.kind == "job"))])
        before, after = {start}, {start}
        while more := {e.start for e in self.edges if e.end in before and not e.aside} - before:
            before |= more
        while more := {e.end for e in self.edges if e.start in after} - after:
            after |= more
        return self._of(before, after)

    def _of(self, before: set[Node], after: set[Node]) -> Lineage:
        def kept(edge: Edge) -> bool:
            return (edge.start in before and edge.end in before) or (edge.start in after and edge.end in after)

        edges = tuple(edge for edge in self.edges if kept(edge) and not (edge.aside and edge.start not in after))
        return Lineage(tuple(node for node in self.nodes if node in before | after), edges)


def draw(contents: Contents) -> Lineage:
    """Return the lineage of the whole project."""
    described = {
        *(Node("topic", name) for contract in contents.sources.values() for name in contract.topic_names),
        *(Node("topic", topic.topic) for topic in contents.topics.values()),
        *(Node("table", name) for name in contents.tables),
        *(Node("job", name) for name in contents.jobs),
    }
    edges = {edge for folder in contents.jobs.values() for edge in _edges(contents, folder.job)}
    ends = {end for edge in edges for end in (edge.start, edge.end)}
    return Lineage(tuple(sorted(described | ends)), tuple(sorted(edges)))


def _edges(contents: Contents, job: Job) -> Iterator[Edge]:
    node, calls = Node("job", job.name), contents.calls[job.name]
    for source in job.sources:
        for name in contents.sources[source].topic_names:
            yield Edge(Node("topic", name), node, "read")
    for table in job.tables:
        yield Edge(Node("table", table), node, "read")
    for other in job.jobs:
        for table in _followed(contents, job.name, other):
            yield Edge(Node("table", table), node, "read")
    for table in job.tables_written:
        yield Edge(node, Node("table", table), job.writes[table])
    for topic in job.topics_written:
        yield Edge(node, Node("topic", contents.topics[topic].topic), job.writes[TOPIC + topic])
    if job.sources:
        yield Edge(node, Node("table", DEAD_LETTERS), "refused")
    if any(call.name == "on_time" for call in calls):
        yield Edge(node, Node("table", job.late_table), "late")


def _followed(contents: Contents, job: str, other: str) -> set[str]:
    """Return the tables of the job `other` that ref() follows: all that it appends to, unless the calls name them."""
    written = contents.jobs[other].job
    appended = {table for table in written.tables_written if written.writes[table] == "append"}
    refs = [call.texts for call in contents.calls[job] if call.name == "ref" and call.texts[:1] == (other,)]
    named = {table for texts in refs for table in texts[1:]}
    return named if named and all(len(texts) > 1 for texts in refs) else appended
