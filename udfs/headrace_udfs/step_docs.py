"""Descriptions of the steps that job.yaml can name under `steps:`, in the same form as those of SQL functions."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.step_protocol import Step, Worker
from headrace_udfs.steps import Enrich, Range
from headrace_udfs.tags import TagTable

TAGS = TagTable.of(
    pa.table(
        {
            "tag": ["R80711.wind_speed", "R80711.gearbox_oil"],
            "asset": ["engie/la_haute_borne/R80711", "engie/la_haute_borne/R80711"],
            "unit": ["m/s", "degC"],
            "range_low": [0.0, -40.0],
            "range_high": [50.0, None],
        }
    )
)
"""The tags of the examples, used instead of historian.tags."""


def _opened(step: Step) -> Step:
    step.open(Worker(catalog=None, count=lambda _name, _n: None))
    return step


_ALL = (
    FunctionDoc(
        "enrich",
        doc="Look up where in the plant a tag is measured, and its unit.",
        null="the tag is not in historian.tags (the metric unknown_tags counts these)",
        source="historian.tags",
        inputs={"tag": Column("string")},
        outputs={"asset": Column("string"), "unit": Column("string")},
        example={"tag": ["R80711.wind_speed", "R80711.unheard_of"]},
        apply=_opened(Enrich(TAGS)).apply,
    ),
    FunctionDoc(
        "range",
        doc="Mark a good reading outside of its sensor's range as uncertain: OPC UA's EngineeringUnitsExceeded.",
        null="never: a reading without a value, or of a tag without a range, keeps its quality",
        source="range_low and range_high of historian.tags; OPC 10000-8, StatusCode 0x40940000",
        inputs={"tag": Column("string"), "value": Column("double", "the tag's"), "quality": Column("long")},
        outputs={"quality": Column("long")},
        example={
            "tag": ["R80711.wind_speed", "R80711.wind_speed", "R80711.wind_speed", "R80711.gearbox_oil"],
            "value": [7.0, 65.5, 65.5, 850.0],
            "quality": [0, 0, 0x80000000, 0],
        },
        apply=_opened(Range(TAGS)).apply,
    ),
)

STEP_DOCS: Mapping[str, FunctionDoc] = {step.name: step for step in _ALL}
"""The description of each step, by its name."""
