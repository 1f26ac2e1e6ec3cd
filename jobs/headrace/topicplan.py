"""The topics of sql/_topics/ on the broker: those that are not there are made."""

from __future__ import annotations

from headrace import topicfile, topics
from headrace.project import Project
from headrace.settings import Settings


def missing(project: Project, settings: Settings) -> dict[str, topicfile.Topic]:
    """The topics described that the broker has not, by the broker's name. Raises UserError, PlatformError."""
    described = [topicfile.load(project, name) for name in topicfile.names(project)]
    there = topics.names(settings.kafka_client()) if described else []
    return {each.topic: each for each in described if each.topic not in there}


def apply(project: Project, settings: Settings) -> list[str]:
    """Make what is missing; returns the names of the topics made. Raises UserError, PlatformError."""
    absent = missing(project, settings)
    for name, topic in absent.items():
        topics.create(settings.kafka_client(), name, topic.partitions)
    return list(absent)
