"""A contract's Protobuf schema is compiled with it, and a fault of the schema is reported at its line."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import source_files
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages

PROTO = 'syntax = "proto3";\npackage plant;\nmessage Reading { string tag = 1; int64 ts = 2; }\n'
CONTRACT = """\
description: Readings.
topic: plant.readings
format: protobuf
schema: schemas/plant.proto
message: Reading
fields:
  tag: {type: string, required: true}
time: {path: ts, unit: epoch_s, earliest: 1970-01-01T00:00:00Z}
key: tag
"""


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "plant.proto").write_text(PROTO)
    path = tmp_path / "readings.yaml"
    path.write_text(CONTRACT)
    return path


def problem(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        source_files.of_file(path)
    (found,) = caught.value.problems
    return f"{found.where} {found.what}; {found.fix}".replace(f"{path.parent}/", "")


def test_the_schema_travels_with_the_contract(contract: Path) -> None:
    reads = pickle.loads(pickle.dumps(source_files.of_file(contract)))  # noqa: S301
    decoded = Decoder(reads).decode(Messages([b"\x0a\x01a\x10\x05"]))
    assert (decoded.columns["tag"].to_pylist(), decoded.faults) == (["a"], {})


def test_a_descriptor_set_is_as_good(contract: Path) -> None:
    folder = contract.parent / "schemas"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--descriptor_set_out={folder}/plant.desc"]
    subprocess.run([*command, str(folder / "plant.proto")], check=True)
    of_proto = source_files.of_file(contract)
    contract.write_text(CONTRACT.replace("plant.proto", "plant.desc"))
    assert source_files.of_file(contract).schema_sha256 == of_proto.schema_sha256 is not None


def test_a_changed_schema_is_a_changed_contract(contract: Path) -> None:
    before = source_files.of_file(contract)
    imported = contract.parent / "schemas" / "units.proto"
    imported.write_text('syntax = "proto3"; message Unit { string name = 1; }')
    (contract.parent / "schemas" / "plant.proto").write_text(
        PROTO.replace("message", 'import "units.proto";\nmessage', 1).replace(
            "int64 ts = 2;", "int64 ts = 2; Unit unit = 3;"
        )
    )
    after = source_files.of_file(contract)
    imported.write_text('syntax = "proto3"; message Unit { string name = 1; string symbol = 2; }')
    assert len({each.model_dump_json() for each in (before, after, source_files.of_file(contract))}) == 3


def test_faults_are_reported_where_they_are(contract: Path) -> None:
    proto = contract.parent / "schemas" / "plant.proto"
    proto.write_text(PROTO.replace("string tag", "text tag"))
    assert problem(contract) == 'schemas/plant.proto:3:19 "text" is not defined.; None'
    proto.write_text('syntax = "proto3";\nimport "missing.proto";\n')
    with pytest.raises(UserError, match=r"schemas/plant\.proto:2:1"):
        source_files.of_file(contract)
    proto.write_text(PROTO)
    contract.write_text(CONTRACT.replace("message: Reading", "message: Readings"))
    assert problem(contract) == (
        "readings.yaml:5:1 schemas/plant.proto has no message 'Readings'; did you mean 'plant.Reading'?"
    )
    contract.write_text(CONTRACT.replace("plant.proto", "other.proto"))
    assert problem(contract).startswith(
        "readings.yaml:4:1 the schema schemas/other.proto cannot be read: No such file or directory; "
    )
    (contract.parent / "schemas" / "other.desc").write_bytes(b"\xff")
    contract.write_text(CONTRACT.replace("plant.proto", "other.desc"))
    assert problem(contract).startswith("schemas/other.desc the file is not a descriptor set")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "message: Reading\n",
            "",
            "readings.yaml:3:1 format: protobuf needs schema: (a .proto next to this file) and message: ",
        ),
        ("format: protobuf", "format: json", "yaml:4:1 schema: only format: protobuf has this key; schema: File of"),
        (
            "format: protobuf",
            "format: protobuf_registry",
            "readings.yaml:4:1 schema: only format: protobuf has this key; the registry has the schema",
        ),
    ],
)
def test_a_schema_belongs_to_protobuf(contract: Path, old: str, new: str, what: str) -> None:
    contract.write_text(CONTRACT.replace(old, new))
    with pytest.raises(UserError) as caught:
        source_files.of_file(contract)
    shown = [
        f"{each.where} {each.what}; {each.fix}".replace(f"{contract.parent}/", "") for each in caught.value.problems
    ]
    assert what in shown[0]
