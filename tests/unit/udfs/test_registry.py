"""A client of a schema registry returns schemas by id and by GUID, with those that they refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from headrace_udfs.registry import Registry, RegistryAddress
from headrace_udfs.schemas import RegistryFailed, Schema, UnknownSchema

GUID = UUID(int=7)
ANSWERS: dict[str, dict[str, Any]] = {
    "/schemas/ids/1": {"schema": '"string"'},
    "/schemas/ids/2": {
        "schema": 'import "units.proto";',
        "schemaType": "PROTOBUF",
        "references": [{"name": "units.proto", "subject": "units/v1", "version": 3}],
    },
    f"/schemas/guids/{GUID}": {"schema": "{}", "schemaType": "JSON"},
    "/subjects/units%2Fv1/versions/3": {"schema": "message Unit {}", "schemaType": "PROTOBUF"},
}


def answer(request: httpx.Request) -> httpx.Response:
    found = ANSWERS.get(request.url.raw_path.decode())
    if found is not None:
        return httpx.Response(200, json=found)
    if request.url.path == "/schemas/ids/9":
        return httpx.Response(404, content=json.dumps({"error_code": 40403}))
    return httpx.Response(404, content="no such page")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(answer)))
    opened = Registry(RegistryAddress("http://registry.example"))
    yield opened
    opened.close()


def test_a_schema_has_its_kind_and_what_it_refers_to(registry: Registry) -> None:
    assert registry.schema(1) == Schema('"string"')
    assert registry.schema(2) == Schema('import "units.proto";', ("message Unit {}",), "PROTOBUF", ("units.proto",))


def test_a_schema_is_found_by_its_guid(registry: Registry) -> None:
    assert registry.schema(GUID) == Schema("{}", kind="JSON")


def test_a_guid_that_a_registry_does_not_know_stops_no_job(registry: Registry) -> None:
    with pytest.raises(UnknownSchema):
        registry.schema(9)
    with pytest.raises(UnknownSchema):
        registry.schema(UUID(int=8))
    with pytest.raises(RegistryFailed, match="without a schema"):
        registry.schema(8)
