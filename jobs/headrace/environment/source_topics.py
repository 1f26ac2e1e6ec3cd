"""The topics that a source reads now: those that its contract names, or those of the broker that match its pattern."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.environment import kafka_metadata
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project import source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace_udfs.contract import Contract
from headrace_udfs.contract_topics import TopicPattern


def names(client: Mapping[str, str], contract: Contract) -> tuple[str, ...]:
    """Return the topics of the contract, sorted if a pattern finds them.

    Raises UserError if none matches the pattern, PlatformError if the broker does not answer. A topic that is named may
    be missing.
    """
    if not isinstance(contract.topics, TopicPattern):
        return contract.topics
    existing = kafka_metadata.topic_names(client)
    if found := contract.topics.matching(existing):
        return tuple(found)
    raise UserError(
        f"no topic matches '{contract.topics.pattern}'",
        client.get("bootstrap.servers"),
        "create one (headrace topics create), or correct the contract; "
        f"the broker has: {kafka_metadata.listed(existing)}",
    )


def of_job(project: Project, settings: Settings, job: Job) -> list[str]:
    """Return the topics that all sources of the job read now, each once. Raises as `names` does."""
    client = settings.kafka_client()
    read = [names(client, source_files.load(project, source)) for source in job.sources]
    return list(dict.fromkeys(topic for topics in read for topic in topics))
