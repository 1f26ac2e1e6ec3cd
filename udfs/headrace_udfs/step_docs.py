"""Descriptions of the steps that job.yaml can name under `steps:`, in the same form as those of SQL functions."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.step_protocol import Step, Worker
from headrace_udfs.steps import Enrich, Score
from headrace_udfs.tags import TagTable

TAGS = TagTable.of(
    pa.table(
        {
            "tag": ["R80711.wind_speed", "R80711.gearbox_oil"],
            "asset": ["engie/la_haute_borne/R80711", "engie/la_haute_borne/R80711"],
            "unit": ["m/s", "degC"],
            "baseline_median": [5.5, None],
            "baseline_mad": [1.5, None],
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
        "score",
        doc="Distance of a value from the usual readings of its tag (modified z-score), and whether it is above 3.5.",
        null="value or baseline is missing, the baseline's MAD is 0, or quality is not good",
        source="Iglewicz and Hoaglin 1993: 0.6745 (value - median) / MAD; baselines from historian.tags",
        inputs={"tag": Column("string"), "value": Column("double", "the tag's"), "quality": Column("long")},
        outputs={"score": Column("double", "1"), "anomaly": Column("boolean")},
        example={
            "tag": ["R80711.wind_speed", "R80711.wind_speed", "R80711.wind_speed", "R80711.gearbox_oil"],
            "value": [7.0, 25.0, 25.0, 61.5],
            "quality": [0, 0, 0x80000000, 0],
        },
        apply=_opened(Score(TAGS)).apply,
    ),
)

STEP_DOCS: Mapping[str, FunctionDoc] = {step.name: step for step in _ALL}
"""The description of each step, by its name."""
