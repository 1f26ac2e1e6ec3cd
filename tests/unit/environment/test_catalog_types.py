"""Types of catalogs and stores in an environment's file, and their settings for pyiceberg and Flink."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from headrace.environment import kafka_options, settings
from headrace.environment.catalog_types import PostgresCatalog, RestCatalog
from headrace.environment.s3 import S3
from headrace.environment.settings import Settings, resolved
from headrace.errors import UserError
from headrace.project.paths import Project
from headrace_udfs.references import resolve_in_sql
from support import ROOT

ODD = """p'w@/:%"\\ x"""
REFERENCE = "${env:SECRET}"
LINE = "${env:SECRET|line}"
STORE = "s3: {access_key: '${env:S3_KEY}', secret_key: '${env:S3_SECRET}', endpoint: 'http://store:8333'}"
POSTGRES = f"""catalog:
  type: postgres
  name: plant
  host: db
  database: lake
  user: me
  password: ${{env:PG_PASSWORD}}
  warehouse: s3://lake/warehouse
  {STORE}
kafka: {{bootstrap.servers: 'a:1'}}
flink: {{rest: 'http://a:1'}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "catalogs").mkdir()
    return Project(tmp_path, tmp_path / "home")


def loaded(project: Project, text: str) -> Settings:
    (project.root / "catalogs" / "prod.yaml").write_text(text)
    return settings.load(project, "prod")


def faults(project: Project, text: str) -> list[tuple[str, str]]:
    with pytest.raises(UserError) as raised:
        loaded(project, text)
    return [(str(p.where).split("prod.yaml:")[-1], p.what) for p in raised.value.problems]


def test_a_password_of_any_characters_reaches_the_database_unchanged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PG_PASSWORD", "S3_KEY", "S3_SECRET"):
        monkeypatch.setenv(name, ODD)
    catalog = loaded(project, POSTGRES).catalog
    properties = resolved(catalog.pyiceberg())
    assert make_url(properties["uri"]).password == ODD
    assert properties["s3.secret-access-key"] == ODD
    assert resolve_in_sql(f"'{catalog.flink()['jdbc.password']}'") == "'" + ODD.replace("'", "''") + "'"


def test_no_secret_is_read_before_it_is_needed(project: Project) -> None:
    catalog = loaded(project, POSTGRES).catalog
    assert "${env:PG_PASSWORD|url}" in catalog.pyiceberg()["uri"]
    assert catalog.flink()["jdbc.password"] == "${env:PG_PASSWORD}"
    assert catalog.flink()["s3.secret-access-key"] == "${env:S3_SECRET|line}"


def test_a_literal_password_is_quoted_too() -> None:
    catalog = PostgresCatalog(
        type="postgres", name="a", host="h", database="d", user="u", password=ODD, warehouse="file:///w"
    )
    assert make_url(catalog.pyiceberg()["uri"]).password == ODD


def test_a_rest_catalog_has_only_the_options_that_are_given() -> None:
    catalog = RestCatalog(type="rest", name="a", uri="http://c", warehouse="w", token=REFERENCE)
    options = {"uri": "http://c", "warehouse": "w", "token": LINE}
    assert catalog.flink() == {"type": "iceberg", "catalog-type": "rest", **options}
    assert catalog.pyiceberg().items() >= options.items()


def test_a_store_has_the_same_settings_for_both() -> None:
    store = S3(access_key="k", secret_key=REFERENCE, region="eu-1", endpoint="http://e", path_style=False)
    shared = {"s3.access-key-id": "k", "s3.secret-access-key": LINE, "s3.endpoint": "http://e"}
    assert store.flink().items() >= {**shared, "client.region": "eu-1", "s3.path-style-access": "false"}.items()
    assert store.pyiceberg().items() >= {**shared, "s3.region": "eu-1", "s3.force-virtual-addressing": "True"}.items()


@pytest.mark.parametrize("env", sorted(path.stem for path in (ROOT / "catalogs").glob("*.yaml")))
def test_flink_can_use_every_environment_of_the_project(env: str) -> None:
    loaded_settings = settings.load(Project(ROOT, Path("/headrace")), env)
    catalog, kafka = loaded_settings.catalog, loaded_settings.kafka
    assert catalog.flink().items() >= {"type": "iceberg", "warehouse": catalog.warehouse}.items()
    assert kafka_options.for_flink(kafka)["bootstrap.servers"] == kafka["bootstrap.servers"]


def test_a_fault_within_a_catalog_is_reported_at_its_line(project: Project) -> None:
    text = POSTGRES.replace("  host:", "  hosst:").replace("endpoint:", "endpont:")
    assert sorted(faults(project, text)) == [
        ("1:1", "key 'catalog.host' is required"),
        ("4:3", "unknown key 'catalog.hosst'"),
        ("9:69", "unknown key 'catalog.s3.endpont'"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [("type: mysql", "catalog.type: there is no 'mysql'"), ("name: plant", "key 'catalog.type' is required")],
)
def test_the_type_of_a_catalog_must_exist(project: Project, line: str, message: str) -> None:
    text = f"catalog:\n  {line}\nkafka: {{bootstrap.servers: 'a:1'}}\nflink: {{rest: 'http://a:1'}}\n"
    assert [what for _, what in faults(project, text)] == [message]


def test_a_kafka_option_that_flink_does_not_have_is_reported_at_its_line(project: Project) -> None:
    text = POSTGRES.replace("{bootstrap.servers: 'a:1'}", "\n  bootstrap.servers: a:1\n  sasl.user: me")
    assert faults(project, text) == [("12:3", "kafka.sasl.user: Flink's client has no such option")]


def test_variables_override_what_a_catalogs_file_says(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_CATALOG__HOST", "elsewhere")
    monkeypatch.setenv("HEADRACE_CATALOG__S3__ENDPOINT", "http://other:1")
    catalog = loaded(project, POSTGRES).catalog
    assert isinstance(catalog, PostgresCatalog)
    assert catalog.s3
    assert (catalog.host, catalog.s3.endpoint) == ("elsewhere", "http://other:1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HEADRACE_FLINK__PARALLELISM", "HEADRACE_FLINK__PARALLELISM: Input should be a valid integer"),
        ("HEADRACE_KAFKA__SASL_USER", "HEADRACE_KAFKA__SASL_USER: Flink's client has no such option"),
        ("HEADRACE_CATALOG__S3__KEY", "HEADRACE_CATALOG__S3__KEY overrides no setting"),
        ("HEADRACE_CATALOG__NAME__A__B", "HEADRACE_CATALOG__NAME__A__B overrides no setting"),
        ("HEADRACE_FLINK__REST__FILE__X__Y", "HEADRACE_FLINK__REST__FILE__X__Y overrides no setting"),
    ],
)
def test_an_invalid_override_is_reported_by_its_name(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setenv(name, "many")
    [(_, what)] = faults(project, POSTGRES)
    assert what.startswith(message)
