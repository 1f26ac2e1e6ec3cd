"""Each part of a catalog that does not work is reported by its name, and the parts that need it are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.environment import iceberg
from headrace.environment.catalog_types import Catalog
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError
from headrace.operations import catalog_check
from headrace.operations.catalog_check import Part
from support.services.processes import free_ports
from support.services.stack import KINDS, Stack


def existing(stack: Stack, kind: str, folder: Path) -> Catalog:
    """A catalog as `tables apply` leaves it, without a table."""
    catalog = stack.catalog(kind, folder)
    # A database that has other catalogs knows an empty one by its namespaces alone.
    iceberg.connect(stack.settings(catalog), create=True).create_namespace_if_not_exists("plant")
    if catalog.warehouse.startswith("file://"):
        Path(catalog.warehouse.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
    return catalog


def outcomes(stack: Stack, settings: Settings) -> dict[str, Part]:
    return {part.name: part for part in catalog_check.check(stack.project, settings)}


def failed(parts: dict[str, Part]) -> list[str]:
    return [name for name, part in parts.items() if part.outcome == "fails"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_of_a_good_catalog_works(stack: Stack, kind: str, tmp_path: Path) -> None:
    parts = catalog_check.check(stack.project, stack.settings(existing(stack, kind, tmp_path)))
    assert [part.name for part in parts if part.outcome != "works"] == [], parts
    catalog_check.verdict(parts)


def test_a_database_that_is_down_is_reported_and_the_rest_is_skipped(stack: Stack, tmp_path: Path) -> None:
    catalog = existing(stack, "postgres", tmp_path).model_copy(update={"port": free_ports(1)[0]})
    parts = outcomes(stack, stack.settings(catalog))
    assert failed(parts) == ["reach the catalog"]
    assert {part.outcome for name, part in parts.items() if not name.startswith("reach")} == {"skipped"}
    with pytest.raises(CheckFailed, match="Connection refused"):
        catalog_check.verdict([*parts.values()])


@pytest.mark.parametrize(("kind", "key"), [("postgres", "password"), ("rest", "credential")])
def test_a_user_who_may_not_sign_in_is_reported_without_the_password(
    stack: Stack, kind: str, key: str, tmp_path: Path
) -> None:
    catalog = existing(stack, kind, tmp_path).model_copy(update={key: "not:it"})
    parts = outcomes(stack, stack.settings(catalog))
    assert failed(parts) == ["sign in"]
    assert "not:it" not in str(parts["sign in"])


def test_a_store_that_refuses_the_keys_fails_the_parts_that_write(stack: Stack, tmp_path: Path) -> None:
    good = existing(stack, "postgres", tmp_path)
    parts = outcomes(stack, stack.settings(_with_store(good, secret_key="not it")))  # noqa: S106
    assert failed(parts) == ["make a table"]
    assert parts["write and commit"].outcome == "skipped"


def test_a_cluster_that_is_down_fails_only_flinks_parts(stack: Stack, tmp_path: Path) -> None:
    settings = stack.settings(existing(stack, "sqlite", tmp_path))
    away = settings.flink.model_copy(update={"rest": f"http://127.0.0.1:{free_ports(1)[0]}"})
    parts = outcomes(stack, settings.model_copy(update={"flink": away}))
    assert failed(parts) == ["Flink reads"]
    assert parts["drop the table"].outcome == "works"


def test_a_database_without_a_catalog_is_reported_and_gets_none(stack: Stack, tmp_path: Path) -> None:
    existing(stack, "postgres", tmp_path)
    for change, message in (({"database": "template1"}, "no tables of Iceberg"), ({"name": "mistyped"}, "it has ")):
        absent = stack.settings(stack.catalog("postgres", tmp_path).model_copy(update=change))
        for _ in range(2):
            with pytest.raises(PlatformError, match=message):
                iceberg.connect(absent)


def _with_store(catalog: Catalog, **changes: str) -> Catalog:
    assert catalog.s3
    return catalog.model_copy(update={"s3": catalog.s3.model_copy(update=changes)})
