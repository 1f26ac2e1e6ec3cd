"""Select the events of tags by name, by wildcard and by place in the plant."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import UserError
from headrace.historian.tags.tag_names import TagNames
from headrace.project import pattern


def of_tags(events: pa.Table, names: TagNames, tags: str | Sequence[str], asset: str) -> pa.Table:
    """Return the events whose tag is one of `tags`, names or wildcards, at or below the place `asset`.

    A tag may have events and no readings any more. Raises UserError for a name that has neither
    an event nor a reading and is not listed.
    """
    asked = [tags] if isinstance(tags, str) else list(tags)
    present = pc.unique(events["tag"]).to_pylist()
    chosen = {name for each in asked for name in pattern.select(present, each)}
    named = [pattern.name_of(each) for each in asked if not pattern.is_wild(each)]
    if missing := [name for name in named if name not in chosen and not names.known(name)]:
        raise names.unknown(missing)
    if not asked:
        raise UserError("no tag is given", fix="give a name, or a wildcard like 'R80711.*'")
    if asset != "*":
        chosen = {name for name in chosen if names.in_place(name, asset)}
    return events.filter(pc.is_in(events["tag"], value_set=pa.array(sorted(chosen), pa.string())))
