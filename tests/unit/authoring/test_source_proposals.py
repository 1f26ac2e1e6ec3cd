"""A contract proposed for a sample names the product that sent it, or is made of what its messages hold."""

from __future__ import annotations

import gzip
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastavro import schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.authoring.sources import contract_file
from headrace.authoring.sources.proposal import Proposal, propose
from headrace.environment.kafka_sample import Record
from headrace.errors import UserError
from headrace.project import source_files, source_presets
from headrace.project.paths import Project
from headrace_udfs.schemas import GivenSchemas, Schema, SchemaId
from support.payloads import PAYLOADS, golden

TOPIC = "plant.new"
T = 1_764_000_000_000


def records(*bodies: Any, key: bytes | None = None) -> list[Record]:
    values = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in bodies]
    return [Record(TOPIC, 0, offset, T, key, (), value) for offset, value in enumerate(values)]


def rows(proposal: Proposal, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in proposal.tally.rows]


@pytest.mark.parametrize("name", source_presets.names())
def test_the_messages_of_a_product_are_recognized(name: str) -> None:
    found = propose([message.record for message in golden(name) if not message.contract])
    assert found.keys["preset"] == name


@pytest.mark.parametrize("name", ["telegraf", "thingsboard"])
def test_another_shape_of_a_product_is_recognized_too(name: str) -> None:
    for message in [message for message in golden(name) if message.contract]:
        found = propose([message.record])
        assert found.keys == {"preset": name, **message.contract}
        assert found.tally.share == 1


def test_flat_readings() -> None:
    found = propose(records(*({"tag": f"p{i % 3}", "value": i / 2, "ts": T + i, "q": 192} for i in range(9))))
    assert found.keys["fields"].keys() == {"tag", "value"}
    assert found.keys["time"] == {"path": "ts", "unit": "epoch_ms"}
    assert found.keys["quality"] == {"path": "q", "mapping": "opcda"}
    assert found.tally.share == 1
    assert "3 different" in found.reasons["fields.tag"]


def test_a_wide_row_becomes_readings() -> None:
    found = propose(records({"machine": "m1", "time": "2025-11-24T16:00:00Z", "oil_degc": 80, "bar": 1.5, "on": True}))
    assert found.keys["rows"] == "{oil_degc,bar,on}"
    assert rows(found, "tag", "value") == [("m1.oil_degc", 80.0), ("m1.bar", 1.5), ("m1.on", 1.0)]


def test_elements_of_an_array_with_the_device_around_them() -> None:
    samples = [{"name": "a", "val": 1, "ts": T}, {"name": "b", "val": "open", "ts": T}]
    found = propose(records({"device": "d1", "samples": samples}))
    assert found.keys["rows"] == "samples[]"
    assert rows(found, "tag", "value", "text") == [("d1.a", 1.0, None), ("d1.b", None, "open")]


def test_rows_within_rows_have_their_own_time_and_the_names_around_them() -> None:
    def sensor(name: str, *values: float) -> dict[str, Any]:
        return {"sensor": name, "readings": [{"t": T // 1000 + i, "v": value} for i, value in enumerate(values)]}

    found = propose(
        records(
            {"deviceId": "d1", "time": "2025-11-24T16:00:09Z", "sensors": [{"sensor": "x", "readings": []}]},
            {"deviceId": "d1", "time": "2025-11-24T16:00:09Z", "sensors": [sensor("a", 1, 2), sensor("b", 3)]},
            {"deviceId": "d2", "time": "2025-11-24T16:00:09Z", "sensors": [sensor("a", 4)]},
        )
    )
    assert found.keys["rows"] == "sensors[].readings[]"
    assert found.keys["time"] == {"path": "t", "unit": "epoch_s"}
    assert rows(found, "tag", "value") == [("d1.a", 1.0), ("d1.a", 2.0), ("d1.b", 3.0), ("d2.a", 4.0)]


def test_members_within_rows() -> None:
    found = propose(
        records({"at": T, "units": [{"id": "u1", "values": {"a": 1, "b": 2}}, {"id": "u2", "values": {"a": 3}}]})
    )
    assert found.keys["rows"] == "units[].values.*"
    assert rows(found, "tag", "value") == [("u1.a", 1.0), ("u1.b", 2.0), ("u2.a", 3.0)]


@pytest.mark.parametrize(
    ("around", "path", "tags"),
    [("device", "{temp,hum}[]", ["d1.temp", "d1.hum", "d1.hum"]), (None, "*[]", ["temp", "hum", "hum"])],
)
def test_arrays_that_are_named(around: str | None, path: str, tags: list[str]) -> None:
    arrays = {"temp": [{"ts": T, "value": 1}], "hum": [{"ts": T, "value": 2}, {"ts": T + 1, "value": 3}]}
    found = propose(records({**({around: "d1"} if around else {}), **arrays}))
    assert found.keys["rows"] == path
    assert rows(found, "tag", "value") == [*zip(tags, [1.0, 2.0, 3.0], strict=True)]


def test_measured_values_are_rows_rather_than_an_array_of_other_things() -> None:
    uplink = {"f_port": 1, "decoded_payload": {"temperature": 21.5, "humidity": 40}, "rx_metadata": [{"rssi": -35}]}
    found = propose(records({"ids": {"device_id": "dev1"}, "received_at": "2025-11-24T16:00:00Z", "uplink": uplink}))
    assert found.keys["rows"] == "uplink.decoded_payload.*"
    assert rows(found, "tag", "value") == [("dev1.temperature", 21.5), ("dev1.humidity", 40.0)]
    assert "not read: uplink.rx_metadata" in found.reasons["rows"]
    within = propose(records({"payload": {"seq": 1, "readings": [{"name": "a", "temp_degc": 1, "ts": T}]}}))
    assert within.keys["rows"] == "payload.readings[]"


def test_arrays_below_names() -> None:
    tags = {name: {"unit": "C", "values": [{"at": T, "value": number}]} for name, number in (("temp", 1), ("hum", 2))}
    found = propose(records({"gateway": "g1", "version": 3, "tags": tags}))
    assert found.keys["rows"] == "tags.*.values[]"
    assert rows(found, "tag", "value", "unit") == [("g1.temp", 1.0, "C"), ("g1.hum", 2.0, "C")]
    assert found.keys["fields"].keys() == {"tag", "value", "unit", "version"}


def test_that_nothing_is_measured_is_told() -> None:
    found = propose(records({"id": "a", "ts": [T, T + 1], "values": [1.5, 2.5]}))
    assert found.reasons["fields"].startswith("no measured value was found")
    assert "fields" not in propose(records({"id": "a", "ts": T, "value": 1})).reasons


def test_an_array_that_is_not_read_is_told() -> None:
    found = propose(records({"readings": [{"tag": "a", "value": 1, "ts": T}], "alarms": [{"code": 7}]}))
    assert found.keys["rows"] == "readings[]"
    assert found.reasons["rows"].endswith("; not read: alarms")


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (("21,5", "-3"), {"type": "double", "types": ["string"], "decimal": ","}),
        (("21.5", "3e-2"), {"type": "double", "types": ["string"]}),
        (("21,5", "21.5"), {"type": "string"}),
        (("007", "008"), {"type": "string"}),
    ],
)
def test_texts_that_hold_numbers(texts: tuple[str, ...], keys: dict[str, Any]) -> None:
    found = propose(records(*({"tag": "a", "ts": T, "value": each, "load": each} for each in texts)))
    assert found.keys["fields"]["load"] == keys
    assert found.keys["fields"].get("value", {"type": "string"}) == keys
    assert found.tally.share == 1


def test_whole_numbers_in_texts_may_be_ids() -> None:
    found = propose(records({"tag": "a", "ts": T, "value": 1, "order": "4711"}))
    assert found.keys["fields"]["order"] == {"type": "string"}


def test_values_deep_in_a_message_and_a_unit_in_a_name() -> None:
    found = propose(records({"meta": {"sensor": "s1"}, "data": [1], "m": {"value": 2.5}, "oil_temp_degc": 80}))
    assert found.keys["fields"]["tag"]["path"] == "meta.sensor"
    assert found.keys["fields"]["value"]["path"] == "m.value"
    assert found.keys["fields"]["oil_temp_degc"]["unit"] == "degC"
    assert found.keys["time"] == {"from": "record_time"}


@pytest.mark.parametrize(
    ("time", "keys"),
    [
        (1_764_000_000, {"unit": "epoch_s"}),
        (1_764_000_000.5, {"unit": "epoch_s"}),
        (T * 1000, {"unit": "epoch_us"}),
        (T * 1_000_000, {"unit": "epoch_ns"}),
        ("2025-11-24T16:00:00.5+01:00", {"unit": "iso8601"}),
        ("2025-11-24 16:00:00", {"unit": "iso8601", "zone": "UTC"}),
    ],
)
def test_forms_of_time(time: Any, keys: dict[str, Any]) -> None:
    found = propose(records({"tag": "a", "value": 1, "when": "never", "time": time}))
    assert found.keys["time"] == {"path": "time", **keys}
    assert found.tally.share == 1


def test_a_key_of_the_record_is_the_tag_if_the_message_has_none() -> None:
    found = propose(records({"value": 1, "ts": T}, key=b"press2/force"))
    assert rows(found, "tag", "value") == [("press2/force", 1.0)]


def test_bare_values_without_keys_are_named_by_their_topic() -> None:
    found = propose(records(b"21.5", b"21,5", b"RUN"))
    assert found.keys["preset"] == "raw"
    assert rows(found, "tag", "value", "text") == [(TOPIC, 21.5, None), (TOPIC, None, "21,5"), (TOPIC, None, "RUN")]


def test_some_messages_that_are_no_json_do_not_keep_the_others_from_it() -> None:
    good = {"tag": "a", "value": 1, "ts": T}
    found = propose(records(good, b"{", {"tag": "a"}, good, good))
    assert found.keys["time"]["path"] == "ts"
    assert (found.tally.good, dict(found.tally.codes)) == (3, {"not_json": 1, "time_missing": 1})


def test_what_is_not_recognized_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UserError, match=r"look like those of a schema registry.*\n  fix: write schema_registry:"):
        propose(records(b"\0\0\0\0\1\2a\2"))
    with pytest.raises(UserError, match=r"are bytes that no format is recognized in\n  fix: Protobuf needs its schema"):
        propose(records(b"\n\4pump\x11\0\0\0\0\0\x80\x35\x40"))
    with pytest.raises(UserError, match="text in another encoding than UTF-8"):
        propose(records("Öl;1,5".encode("latin-1")))
    with pytest.raises(UserError, match="no format is recognized in these messages"):
        propose(records(b"line 1\nline 2"))
    with pytest.raises(UserError, match=r"none of the 2 messages has a value\n  fix: .*--from"):
        propose([Record(TOPIC, 0, offset, T, b"k", (), value) for offset, value in enumerate((None, b" "))])
    with pytest.raises(UserError, match="no preset 'kepwear'\n  fix: did you mean 'kepware'"):
        propose(records({}), "kepwear")


@pytest.mark.parametrize(
    "sample",
    [
        {"tag": "a", "value": 1, "ts": T},
        {"machine": "m", "time": "2025-11-24T16:00:00Z", "oil_degc": 80, "bar": 1.5},
        {"Some Key": 1, "ts": T, "quality": {"ts": 2}, "a.b": 3, "Ünit": "x", "src_x": 1, "value": None},
        [{"id": "x", "v": "1"}],
        {"values": {"a b": 1, "c.d": 2}, "ts": T},
        [1, 2],
        {},
        {"value": {"value": 1}},
        b"a;b\n1;2\n",
        b"1,2,3",
        gzip.compress(b"7;x;2025-11-24T16:00:00Z", mtime=0),
        b'{"tag": "a", "value": "\\u0007", "\\b": "\\ud800"}',
    ],
)
def test_whatever_is_proposed_is_a_contract_that_can_be_read_from_its_file(sample: Any, tmp_path: Path) -> None:
    for folder in ("sql/_sources", "catalogs"):
        (tmp_path / folder).mkdir(parents=True)
    project = Project.find(tmp_path)
    path = contract_file.path_of(project, "proposed")
    found = propose(records(sample, sample))
    contract_file.write(project, path, records(sample, sample), found, "2 messages of plant.new")
    assert source_files.load(project, "proposed").topic == TOPIC
    assert max(map(len, path.read_text().splitlines())) <= 100
    with pytest.raises(UserError, match="exists already"):
        contract_file.path_of(project, "proposed")


NAMES = st.sampled_from(
    ["ts", "time", "value", "tag", "id", "values", "q", "unit", "a.b", "x[0]", "", "{m}", 'a"b', "Ü"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
SIGNED = st.sampled_from(["21,5", "RUN", "GOOD", "2025-11-24T16:00:00Z", "1764000000", "24.11.2025 16:00:00", ""])
DOCUMENTS = st.recursive(
    SCALARS | SIGNED,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), each, max_size=4),
    max_leaves=12,
)
TABLES = st.text(st.sampled_from([*"abc,;\t|\n\r12.5-: TZ\"'{[<="]), max_size=40)
BODIES = (
    st.none() | DOCUMENTS.map(lambda each: json.dumps(each).encode()) | TABLES.map(str.encode) | st.binary(max_size=20)
)


@settings(max_examples=60)
@given(st.lists(BODIES, min_size=1, max_size=4), st.none() | st.binary(max_size=4))
def test_any_messages_have_a_contract_or_an_error_that_says_what_to_do(
    bodies: list[bytes | None], key: bytes | None
) -> None:
    sample = [Record(TOPIC, 0, offset, T, key, (), value) for offset, value in enumerate(bodies)]
    found: Proposal | str
    try:
        found = propose(sample)
    except UserError as error:
        found = str(error)
    if isinstance(found, str):
        assert "\n  fix: " in found
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proposed.yaml"
        file.write_text(contract_file.text(TOPIC, found, "a sample"), encoding="utf-8")
        assert source_files.of_file(file).topic == TOPIC


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    for folder in ("sql", "catalogs"):
        (tmp_path / folder).mkdir()
    with pytest.raises(UserError, match=r"'Press-2' is not a valid name"):
        contract_file.path_of(Project.find(tmp_path), "Press-2")


@pytest.mark.parametrize(
    ("message", "name"),
    [(b"MSH|^~\\&|LAB|HOSP|||20240101120000||ORU^R01|42|P|2.5.1\rOBX|1|NM|a||1", "hl7"),
     (b"<Plant><R tag='a;b'>1,5</R></Plant>", "xml")],
)  # fmt: skip
def test_messages_with_signs_between_cells_are_not_always_csv(message: bytes, name: str) -> None:
    with pytest.raises(UserError, match=f"look like {name}") as caught:
        propose(records(message))
    assert f"format: {name}" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "format_"), [("avro", "avro"), ("json", "json_registry"), ("protobuf", "protobuf_registry")]
)
@pytest.mark.parametrize("where", ["prefix", "guid"])
def test_messages_that_name_a_schema_of_a_registry(kind: str, format_: str, where: str) -> None:
    given = json.loads((PAYLOADS / "registry" / "schemas.json").read_text())
    known: dict[SchemaId, str | Schema] = {}
    for number, each in given.items():
        known[int(number)] = known[UUID(each["guid"])] = Schema(each["schema"], kind=each["type"])
    sent = [each for each in golden("registry") if each.name.startswith(f"{kind}") and where in each.name]
    assert sent
    found = propose([each.record for each in sent], registry=GivenSchemas(known))
    assert found.keys["format"] == format_
    assert found.tally.share == 1
    assert [row["tag"] for row in found.tally.rows] == [each.readings[0]["tag"] for each in sent]
    assert [f"{row['ts']:%M:%S.%f}" for row in found.tally.rows] == [each.readings[0]["ts"][14:26] for each in sent]
    unheard_of = [replace(each.record, value=b"\0\0\0\0\x63" + each.record.value[5:]) for each in sent]  # type: ignore[index]
    if where == "prefix":
        with pytest.raises(UserError, match="the registry does not know their schemas"):
            propose(unheard_of, registry=GivenSchemas(known))


def test_avro_with_times_decimals_and_records_within() -> None:
    fields = [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "blob", "type": "bytes"},
        {"name": "sensor", "type": {"type": "record", "name": "S", "fields": [{"name": "id", "type": "string"}]}},
    ]
    schema = {"type": "record", "name": "R", "fields": fields}
    file = BytesIO(b"\0\0\0\0\7")
    file.seek(5)
    at = datetime.fromtimestamp(T / 1000, UTC)
    schemaless_writer(file, schema, {"at": at, "price": Decimal("1.25"), "blob": b"x", "sensor": {"id": "a"}})
    found = propose(records(file.getvalue()), registry=GivenSchemas({7: json.dumps(schema)}))
    assert found.keys["fields"]["tag"]["path"] == "sensor.id"
    assert found.keys["time"] == {"path": "at", "unit": "iso8601"}
    assert [(row["tag"], row["price"], row["ts"]) for row in found.tally.rows] == [("a", 1.25, at)]


def test_lines_of_json() -> None:
    line = {"tag": "a", "value": 1, "ts": T}
    lines = "\n".join(json.dumps({**line, "tag": tag}) for tag in "abc").encode()
    found = propose(records(lines, lines + b"\n"))
    assert found.keys["format"] == "json_lines"
    assert [tag for (tag,) in rows(found, "tag")] == ["a", "b", "c"] * 2


def test_csv_with_names_of_columns() -> None:
    header = b"Zeit;Kanal;Wert;Status\n24.11.2025 7:05:00;T1;21,5;OK\n"
    found = propose(records(header + b"24.11.2025 7:05:01;P1;-3;FEHLER", header + b"24.11.2025 7:05:02;Z1;RUN;OK"))
    assert found.keys["csv"] == {"delimiter": ";"}
    assert found.keys["time"] == {"path": "Zeit", "format": "%d.%m.%Y %-H:%M:%S", "zone": "UTC"}
    assert found.keys["quality"]["names"] == {"fehler": "bad", "ok": "good"}
    assert rows(found, "tag", "value", "text")[:2] == [("T1", 21.5, None), ("P1", -3.0, None)]
    assert rows(found, "tag", "value", "text")[3] == ("Z1", None, "RUN")


@pytest.mark.parametrize(
    ("lines", "csv", "first"),
    [
        (
            [b"2025-11-24T16:00:00Z,a,1.5", b"2025-11-24T16:00:00Z,b,"],
            {"columns": ["time", "tag", "value"]},
            ("a", 1.5),
        ),
        ([b"1764000000\t21,5"] * 2, {"delimiter": "\t", "columns": ["time", "value"]}, (TOPIC, 21.5)),
        ([b"20251124160000;p;007"], {"delimiter": ";", "columns": ["time", "tag", "column_3"]}, ("p", None)),
    ],
)
def test_csv_without_names_of_columns(lines: list[bytes], csv: dict[str, Any], first: tuple[str, float | None]) -> None:
    found = propose(records(*lines))
    assert found.keys["csv"] == csv
    assert "these are guesses" in found.reasons["csv"]
    assert "path" in found.keys["time"]
    assert found.tally.share == 1
    assert (found.tally.rows[0]["tag"], found.tally.rows[0].get("value")) == first


def test_the_first_line_of_a_file_names_the_columns() -> None:
    lines = [b"time;machine;temp [degC];p.in;state", b"2025-11-24T16:00:00Z;M1;21,5;1,02;RUN"]
    found = propose(records(*lines, b"2025-11-24T16:00:01Z;M2;;1,0;STOP"))
    assert found.keys["csv"] == {"delimiter": ";", "columns": ["time", "machine", "temp [degC]", "p.in", "state"]}
    assert "the first row of the sample names the columns" in found.reasons["csv"]
    assert found.keys["rows"] == "{temp [degC],p.in}"
    assert rows(found, "tag", "value", "state")[:2] == [("M1.temp [degC]", 21.5, "RUN"), ("M1.p.in", 1.02, "RUN")]
    assert found.tally.codes == {"wrong_type": 2}


@pytest.mark.parametrize("first", [b"time;M1;1", b"a;a;b", b"x;;b", b"RUN;b;c"])
def test_a_first_line_like_the_others_is_no_header(first: bytes) -> None:
    others = [b"2025-11-24T16:00:00Z;M1;1"] * 2 if not first.startswith(b"RUN") else [b"x;y;z"] * 2
    found = propose(records(first, *others))
    assert "the first row" not in found.reasons.get("csv", "")


@pytest.mark.parametrize("name", ["p.in", "p [bar]", "a.b [x.y]", "(1) p", "p*"])
def test_a_key_with_signs_of_a_path_is_read(name: str) -> None:
    wide = propose(records(*({"id": "a", "ts": T, name: i, "q.x": "v"} for i in (1, 2, 3))))
    assert {"v", 1.0} <= {*rows(wide, *wide.keys["fields"])[0]}
    within = propose(records({"site.name": "n", "rows": [{"tag": "a", "ts": T, "value": 1, name: 5}]}))
    assert rows(within, *within.keys["fields"])[0] == ("a", 1.0, 5.0, "n")
    assert within.tally.share == 1


@pytest.mark.parametrize(
    ("values", "fields", "read"),
    [
        ([12.5, 3, "n/a"], {"total", "total_text"}, [(12.5, None), (3.0, None), (None, "n/a")]),
        (["A-1", "A-2", 7], {"total"}, [("A-1",), ("A-2",), ("7",)]),
        ([True, 1, 0.5], {"total"}, [(1.0,), (1.0,), (0.5,)]),
        ([True, "x", False], {"total", "total_text"}, [(1.0, None), (None, "x"), (0.0, None)]),
    ],
)
def test_a_field_of_several_types_is_read_whole(values: list[Any], fields: set[str], read: list[Any]) -> None:
    found = propose(records(*({"tag": "a", "value": 1, "ts": T, "total": each} for each in values)))
    assert found.keys["fields"].keys() == {"tag", "value", *fields}
    assert rows(found, *sorted(fields)) == read


def test_what_is_a_value_in_some_rows_and_an_object_in_others_is_told() -> None:
    bodies = [{"tag": "a", "value": 1, "ts": T, "site": site} for site in ({"zip": "1"}, {"zip": "2"}, "x", None)]
    found = propose(records(*bodies))
    assert found.keys["fields"]["zip"] == {"path": "site.zip", "type": "string"}
    assert (
        found.reasons["fields"]
        == "site: objects in some rows, which are read, and values in others, which are dead letters"
    )
    assert found.tally.codes == {"wrong_type": 1}


def test_a_wide_table_becomes_readings() -> None:
    found = propose(records(b"time;level;flow\n2025-11-24T16:00:00Z;1,5;20\n2025-11-24T16:00:01Z;2;\n"))
    assert found.keys["rows"] == "{level,flow}"
    assert rows(found, "tag", "value") == [("level", 1.5), ("flow", 20.0), ("level", 2.0), ("flow", None)]


def test_compressed_messages_are_looked_into_also_if_one_is_not() -> None:
    plain = [json.dumps({"tag": "a", "value": i, "ts": T}).encode() for i in range(4)]
    found = propose(records(*map(gzip.compress, plain), plain[0]))
    assert found.keys["compression"] == "gzip"
    assert (found.tally.good, dict(found.tally.codes)) == (4, {"not_compressed": 1})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_line_protocol_with_times_of_each_unit(unit: str) -> None:
    time = T * 10**6 // 10 ** {"s": 9, "ms": 6, "us": 3, "ns": 0}[unit]
    found = propose(records(f"press,line=4 force=21.5 {time}".encode()))
    assert found.keys == {"preset": "influx", **({"time": {"unit": f"epoch_{unit}"}} if unit != "ns" else {})}
    assert found.tally.share == 1


def test_bare_numbers_with_a_decimal_comma() -> None:
    found = propose(records(b"21,5", b"22", b"RUN", key=b"press2/force"))
    assert found.keys == {"preset": "raw", "fields": {"value": {"decimal": ","}}}
    assert rows(found, "tag", "value", "text")[0] == ("press2/force", 21.5, None)


def test_bare_values_in_quotation_marks_are_json() -> None:
    found = propose(records(b'"21.5"', b'"RUN"', b"true", b'"7"', key=b"press2/force"))
    assert found.keys["format"] == "json"
    assert rows(found, "tag", "value", "text") == [
        ("press2/force", 21.5, None), ("press2/force", None, "RUN"), ("press2/force", 1.0, None),
        ("press2/force", 7.0, None),
    ]  # fmt: skip


def test_numbers_in_texts_next_to_booleans_and_words() -> None:
    found = propose(records(*({"tag": "a", "ts": T, "value": each} for each in ("21,5", "22", True, "n/a", "7"))))
    assert found.keys["fields"]["value"] == {"type": "double", "types": ["boolean", "string"], "decimal": ","}
    assert rows(found, "value", "text") == [(21.5, None), (22.0, None), (1.0, None), (None, "n/a"), (7.0, None)]


def test_a_device_that_only_the_key_names_is_in_the_tag_of_wide_rows() -> None:
    sample = [*records({"temperature": 21.5, "humidity": 40}, key=b"room1"),
              *records({"temperature": 19.5, "humidity": 45}, key=b"room2")]  # fmt: skip
    assert {tag for (tag,) in rows(propose(sample), "tag")} == {
        "room1.temperature", "room1.humidity", "room2.temperature", "room2.humidity",
    }  # fmt: skip
    numbered = [each for i in range(20) for each in records({"t1": 1, "t2": 2}, key=f"message {i}".encode())]
    assert {tag for (tag,) in rows(propose(numbered), "tag")} == {"t1", "t2"}


@pytest.mark.parametrize(
    ("time", "form", "shown"),
    [
        ("24.11.2025 16:00:00", "%d.%m.%Y %H:%M:%S", "16:00"),
        ("11/24/2025 4:00:00 PM", "%m/%d/%Y %-I:%M:%S %p", "16:00"),
        ("24-Nov-2025 16:00:00", "%d-%b-%Y %H:%M:%S", "16:00"),
        ("2025/11/24 16:00:00.250", "%Y/%m/%d %H:%M:%S.%f", "16:00"),
        ("20251124170000+0100", "%Y%m%d%H%M%S%z", "16:00"),
    ],
)
def test_forms_of_time_that_are_not_iso(time: str, form: str, shown: str) -> None:
    found = propose(records({"tag": "a", "value": 1, "time": time}))
    assert found.keys["time"]["format"] == form
    assert ("zone" in found.keys["time"]) == ("%z" not in form)
    assert f"{found.tally.rows[0]['ts']:%H:%M}" == shown


def test_a_time_in_which_day_and_month_may_be_swapped_is_told() -> None:
    first, second = ({"tag": "a", "value": 1, "time": f"{day}/11/2025 16:00:00"} for day in ("04", "24"))
    assert "unless the month is first" in propose(records(first)).reasons["time"]
    assert "unless the month is first" not in propose(records(first, second)).reasons["time"]


def test_messages_of_another_shape_are_told_and_mixed_into_nothing() -> None:
    flat = [{"tag": "a", "value": 1.5, "ts": T}] * 5
    maps = [{"device": "x", "values": {"a": 1, "b": 2}, "at": T}] * 4
    found = propose(records(*flat, *maps, [1, 2]))
    assert found.keys["fields"].keys() == {"tag", "value"}
    assert found.reasons["format"].startswith("5 of 10 messages are of another shape")
    assert found.reasons["format"].endswith("device, values, at")
    sparse = [{"ts": T, "dev": "d", name: 1} for name in ("temp", "hum", "temp")]
    assert "format" not in propose(records(*sparse)).reasons


@pytest.mark.parametrize(("preset", "rows"), [(None, "items[]"), ("kepware", "values[]")])
def test_messages_that_are_longer_than_usual_are_read(preset: str | None, rows: str) -> None:
    name = rows.removesuffix("[]")
    long = {
        name: [{"id": f"p{i}", "v": i, "q": True, "t": T, "note": "x" * 1000} for i in range(1_200)],
        "timestamp": T,
    }
    found = propose(records(long, long))
    assert found.keys["max_bytes"] == 2**21
    assert found.keys.get("preset") == preset
    assert found.tally.share == 1
    assert "bytes" in found.reasons["max_bytes"]


def test_one_odd_message_spoils_no_guess() -> None:
    good = [{"tag": "a", "value": f"{i},5", "time": f"2025-11-24T16:00:0{i}Z", "q": "GOOD"} for i in range(5)]
    odd = {"tag": "a", "value": "", "time": "0", "q": "GOOD"}
    found = propose(records(*good, odd, {"status": "online"}))
    assert found.keys["time"] == {"path": "time", "unit": "iso8601"}
    assert found.keys["fields"]["value"]["decimal"] == ","
    assert (found.tally.good, dict(found.tally.codes)) == (5, {"time_invalid": 1, "missing_field": 1})


def test_a_time_and_a_quality_of_unknown_form_are_told() -> None:
    found = propose(records(*({"tag": "a", "value": 1, "ts": "noon", "quality": each} for each in (0, 1, 2, 3))))
    assert "'noon' in ts is of no form that is known here" in found.reasons["time"]
    assert "0, 1, 2, 3" in found.reasons["fields.field_quality"]
    assert "every reading is Good" in found.reasons["fields.field_quality"]
    zeros = propose(records({"tag": "a", "value": 1, "ts": T, "status": 0}))
    assert "a guess" in zeros.reasons["quality"]


def test_words_of_a_status() -> None:
    found = propose(records(*({"tag": "a", "value": 1, "ts": T, "state": each} for each in ("OK", "FAULT", "MANUAL"))))
    assert found.keys["quality"]["names"] == {"fault": "bad", "manual": "uncertain", "ok": "good"}
    running = propose(records(*({"tag": "a", "value": 1, "ts": T, "state": each} for each in ("RUN", "STOP"))))
    assert "quality" not in running.keys
    assert running.keys["fields"]["state"] == {"type": "string"}


def test_changes_of_a_database() -> None:
    before = {"site": "north", "orderId": 7, "price": 3, "paid": False, "note": None, "lines": [1]}
    source = {"connector": "postgresql", "lsn": 9, "ts_ms": T, "db": "shop"}
    changed = {"op": "u", "before": before, "after": {**before, "price": 3.5}, "source": source, "ts_ms": T}
    wrapped = {"schema": {"type": "struct"}, "payload": {**changed, "op": "d", "after": None}}
    key = b'{"schema": {}, "payload": {"site": "north", "orderId": 7}}'
    sample = [
        *records({**changed, "op": "c", "after": before}, changed, wrapped, key=key),
        Record(TOPIC, 0, 9, T, key, (), None),
    ]
    found = propose(sample)
    assert found.keys == {
        "format": "json",
        "changes": {"envelope": "debezium", "order": "source.lsn"},
        "fields": {
            "site": {"type": "string", "required": True},
            "order_id": {"path": ["orderId"], "type": "long", "required": True},
            "price": {"type": "double"},
            "paid": {"type": "boolean"},
        },
        "time": {"path": "source.ts_ms", "unit": "epoch_ms"},
        "key": ["site", "order_id"],
    }
    assert rows(found, "src_op", "price") == [("insert", 3.0), ("update", 3.5), ("delete", None)]
    assert found.tally.good == found.tally.readings == 3  # a tombstone is not counted as a refused reading


def test_changes_of_maxwell() -> None:
    row = {"id": 7, "name": "a"}
    found = propose(records({"type": "insert", "database": "d", "ts": T // 1000, "xid": 9, "data": row}))
    assert (found.keys["changes"], found.keys["key"]) == ({"envelope": "maxwell", "order": ["xid", "xoffset"]}, ["id"])
    assert rows(found, "id", "name", "src_op") == [(7, "a", "insert")]
