"""The topics of sql/_topics/ on the broker: those that are not there are made."""

from __future__ import annotations

from headrace.environment import kafka
from headrace.environment.settings import Settings
from headrace.project import topic_files
from headrace.project.paths import Project


def missing(project: Project, settings: Settings) -> dict[str, topic_files.Topic]:
    """The topics described that the broker has not, by the broker's name. Raises UserError, PlatformError."""
    described = [topic_files.load(project, name) for name in topic_files.names(project)]
    there = kafka.topic_names(settings.kafka_client()) if described else []
    return {each.topic: each for each in described if each.topic not in there}


def apply(project: Project, settings: Settings) -> list[str]:
    """Make what is missing; returns the names of the topics made. Raises UserError, PlatformError."""
    absent = missing(project, settings)
    for name, topic in absent.items():
        kafka.create_topic(settings.kafka_client(), name, topic.partitions)
    return list(absent)
