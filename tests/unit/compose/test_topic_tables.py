"""Columns of a topic that are headers are in the map of headers, and in no value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.compose.encoded_values import EncodedValue, encoded_value
from headrace.compose.topic_tables import written_topic
from headrace.project.topic import Topic
from headrace.project.topic_schemas import encoding


def topic(**changes: Any) -> Topic:
    columns = {
        "tag": {"type": "string", "required": True, "doc": "d"},
        "value": {"type": "double", "doc": "d"},
        "site": {"type": "string", "doc": "d"},
        "at": {"type": "timestamptz", "doc": "d"},
    }
    return Topic.model_validate({"description": "d", "topic": "t", "key": ["tag"], "columns": columns, **changes})


def columns(statement: str) -> str:
    return re.sub(r"\s+", " ", statement.split("(", 1)[1].split(") WITH", 1)[0]).strip()


def test_a_header_is_metadata_of_kafka_and_no_column_of_the_value() -> None:
    written = written_topic("alerts", topic(headers=["site"]), "append", {"connector": "kafka"})
    assert columns(written.statement) == (
        "`tag` STRING NOT NULL, `value` DOUBLE, `at` TIMESTAMP_LTZ(6), `headers` MAP<STRING NOT NULL, BYTES> METADATA"
    )
    assert written.headers == ("site",)


def test_what_stands_in_for_an_upserted_topic_has_the_same_columns() -> None:
    written = written_topic("alerts", topic(headers=["site"]), "upsert", {"connector": "upsert-kafka"})
    assert written.stand_in is not None
    assert columns(written.stand_in) == columns(written.statement)
    assert " METADATA" in written.stand_in


def test_files_of_a_case_have_headers_as_columns() -> None:
    written = written_topic("alerts", topic(headers=["site"]), "append", {"connector": "filesystem"})
    assert written.headers == ()
    assert columns(written.statement) == "`tag` STRING NOT NULL, `value` DOUBLE, `site` STRING, `at` TIMESTAMP_LTZ(6)"


def in_avro() -> tuple[Topic, EncodedValue]:
    described = topic(headers=["site"], format="avro")
    made = encoded_value("alerts", described, encoding(described, Path("alerts.yaml")), 7)
    assert made
    return described, made


def test_a_value_is_made_of_one_row_with_the_type_of_each_column() -> None:
    _, made = in_avro()
    assert made.call(["tag", "at", "site"]) == (
        "`alerts__value`(ROW(CAST(`tag` AS STRING), CAST(NULL AS DOUBLE), CAST(`at` AS TIMESTAMP(6))))"
    )


def test_the_table_of_an_encoded_topic_has_the_key_the_value_and_the_headers() -> None:
    described, made = in_avro()
    options = {"connector": "kafka", "key.format": "json", "value.format": "json", "value.json.x": "y"}
    written = written_topic("alerts", described, "append", options, made)
    assert columns(written.statement) == (
        "`tag` STRING NOT NULL, `_value` BYTES NOT NULL, `headers` MAP<STRING NOT NULL, BYTES> METADATA"
    )
    assert "'value.format' = 'raw'" in written.statement
    assert "value.json" not in written.statement
    assert written.typed == "alerts__topic_columns"
    assert "`value` DOUBLE" in written.statements[1]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"headers": ["nothing"]}, "headers names nothing; the columns are tag, value, site"),
        ({"headers": ["tag"]}, "tag is in the key"),
        ({"headers": ["at"]}, "at is a timestamptz, and a header is a text"),
        (
            {
                "headers": ["value", "site"],
                "columns": {n: {"type": "string", "doc": "d"} for n in ("tag", "value", "site")},
            },
            "a message would have no value",
        ),
    ],
)
def test_headers_that_cannot_be_are_refused(changes: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted):
        topic(**changes)
