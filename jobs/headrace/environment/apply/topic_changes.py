"""Create the topics that the broker does not have, and compare the others with their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from headrace.environment import kafka_topics
from headrace.environment.kafka_topics import FoundLayout, TopicLayout
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import source_files, topic_files
from headrace.project.paths import Project
from headrace_udfs.contract_topics import TopicPattern


@dataclass(frozen=True)
class TopicPlan:
    """A topic of the project: the names of its files, the layout that they ask for, and the one that it has.

    `found` is None for a topic that the broker does not have.
    """

    topic: str
    files: tuple[str, ...]
    layout: TopicLayout
    found: FoundLayout | None

    @property
    def action(self) -> str:
        """What creating the topic does: `create`, `unchanged`, or `differs`, which leaves it as it is."""
        if self.found is None:
            return "create"
        return "differs" if self.differences else "unchanged"

    @property
    def differences(self) -> list[str]:
        """What the topic has otherwise than its files or the options ask for; none if it is missing."""
        return self.layout.differences(self.found) if self.found else []


def plan(
    project: Project, settings: Settings, names: Iterable[str] | None = None, given: TopicLayout | None = None
) -> list[TopicPlan]:
    """Return the topics of the files `names` of sql/_sources/ and sql/_topics/, or of all of them, sorted.

    What `given` says counts instead of what the files say. Raises UserError for unknown names, faulty files and files
    that ask for two layouts of one topic; PlatformError.
    """
    files: dict[str, list[str]] = {}
    layouts: dict[str, TopicLayout] = {}
    problems: list[Problem] = []
    for name, place, topic, layout in _described(project, names):
        wanted = _merged(layout, given or TopicLayout())
        files.setdefault(topic, []).append(name)
        known = layouts.setdefault(topic, wanted)
        if _merged(known, wanted) != _merged(wanted, known):
            others = ", ".join(files[topic][:-1])
            problems.append(Problem(f"the topic {topic} is described otherwise by {others}", place, "make them agree"))
        layouts[topic] = _merged(known, wanted)
    if problems:
        raise UserError(problems)
    found = kafka_topics.found(settings.kafka_client(), [*layouts]) if layouts else {}
    return [TopicPlan(name, tuple(files[name]), layouts[name], found.get(name)) for name in sorted(layouts)]


def create(settings: Settings, plans: Iterable[TopicPlan]) -> None:
    """Create the topics that are missing; the others stay as they are. Raises PlatformError."""
    for each in plans:
        if each.action == "create":
            kafka_topics.create(settings.kafka_client(), each.topic, each.layout)


def missing(project: Project, settings: Settings) -> list[TopicPlan]:
    """Return the topics of sql/_topics/ that the broker does not have. Raises UserError, PlatformError."""
    written = topic_files.names(project)
    return [each for each in plan(project, settings, written) if each.action == "create"] if written else []


def apply(project: Project, settings: Settings) -> list[str]:
    """Create the missing topics and return their names. Raises UserError, PlatformError."""
    absent = missing(project, settings)
    create(settings, absent)
    return [each.topic for each in absent]


def _described(project: Project, names: Iterable[str] | None) -> Iterator[tuple[str, Place, str, TopicLayout]]:
    """Yield name and place of each file, and the topic and the layout that it describes."""
    sources, topics = source_files.names(project), topic_files.names(project)
    chosen = [*sources, *topics] if names is None else list(names)
    known = dict.fromkeys([*sources, *topics])
    if problems := [unknown("topic", name, known) for name in chosen if name not in known]:
        raise UserError(problems)
    for name in dict.fromkeys(chosen):
        if name in sources:
            place, read = Place.of(project.sql / "_sources" / f"{name}.yaml"), source_files.load(project, name).topics
            if isinstance(read, TopicPattern) and names is not None:
                what = f"'{name}' reads all topics that match '{read.pattern}', so its file names none to create"
                raise UserError(what, place, "have those who send create them: the job finds them")
            for topic in () if isinstance(read, TopicPattern) else read:
                yield name, place, topic, TopicLayout()
        if name in topics:
            described = topic_files.load(project, name)
            said = described.partitions if "partitions" in described.model_fields_set else None
            layout = TopicLayout(said, described.retention, described.compacted)
            yield name, Place.of(project.sql / "_topics" / f"{name}.yaml"), described.topic, layout


def _merged(layout: TopicLayout, over: TopicLayout) -> TopicLayout:
    names = [name for name, value in vars(over).items() if value is not None]
    return replace(layout, **{name: getattr(over, name) for name in names})
