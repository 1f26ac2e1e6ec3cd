"""The catalogue page of a project, and the list of its jobs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from headrace.authoring.docs import contents, template_file
from headrace.authoring.docs.page import page
from headrace.authoring.docs.template_file import Call
from headrace.cli.docs import docs
from headrace.cli.list_jobs import list_jobs
from headrace.errors import UserError
from headrace.project.paths import Project
from headrace.upkeep.products import Measured

EVIL = "<script>alert(1)</script>"
FILES = {
    "_sources/plant.yaml": f"""\
description: The plant's signals {EVIL}
owner: control-room
topic: plant.raw
fields:
  tag: {{type: string, required: true}}
  temp: {{path: data.temp, type: double, unit: degC, range: [-50, null], description: "Bearing's temperature {EVIL}"}}
time: {{path: t, unit: epoch_ms, latest: 90s}}
quality: {{path: q, mapping: opcda}}
key: tag
watermark: {{lateness: 10s}}
""",
    "_topics/alerts.yaml": """\
description: d
owner: o
topic: plant.alerts
key: [tag]
columns: {tag: {type: string, doc: Which one, required: true}}
""",
    "_tables/c.hot.yaml": """\
description: Hot ones.
owner: reliability-team
grain: one row per hot reading
columns:
  tag: {type: string, doc: Name of the `measured` point, required: true}
  temp: {type: double, doc: How hot, unit: degC}
  at: {type: timestamptz, doc: When, unit: UTC}
partition: [tag, "bucket(16, tag)", day(at)]
sort: [temp desc]
retention: 90d
""",
    "_macros/hot.sql.j2": f"""\
{{#-
True where it is hot {EVIL}.

- `column`: the one to look at

```sql
select 1 from a where {{{{ hot('temp') }}}} < 2
```
-#}}
{{%- macro hot(column, above=100) -%}}{{{{ column | ident }}}} > {{{{ above }}}}{{%- endmacro -%}}
""",
    "c/hot_v1/job.yaml": f"""\
kind: job
name: c/hot_v1
owner: reliability-team
description: What is hot {EVIL}
grain: one row per hot reading
reads: [source/plant]
steps: [enrich]
writes: {{table/c.hot: append, topic/alerts: append}}
state_ttl: 36h
params: {{site: "{EVIL}", limit: 100.0}}
""",
    "c/hot_v1/c.hot.sql.j2": f"select '{EVIL}' from {{{{ view('hot') }}}} where {{{{ hot('temp') }}}} < 9\n",
    "c/hot_v1/topic.alerts.sql.j2": "select * from {{ view('hot') }}\n",
    "c/hot_v1/_hot.sql.j2": "select * from {{ on_time('plant') }}\n",
    "c/hot_v1/checks.sql.j2": "select * from c.hot where temp < 100\n",
    "c/hot_v1/tests/one_hot_one_cold/case.yaml": f"description: One of each {EVIL}\n",
    "c/hot_v1/tests/late_ones/expect.c.hot.csv": "tag\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "catalogs").mkdir()
    for name, text in FILES.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    return Project(tmp_path, tmp_path / ".headrace")


class Reader(HTMLParser):
    """Parses the page: the text of each section by its id, the ids, the targets of links, the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self._section = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [value for key, value in attrs if key == "href" and value]
        self.addresses += [value for key, value in attrs if key in ("src", "action", "data", "srcset") and value]
        if tag == "section":
            self._section = given.get("id") or ""
            self.sections[self._section] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self._section:
            self.sections[self._section] += data

    def text(self, section: str) -> str:
        return re.sub(r"\s+", " ", self.sections[section])


@pytest.fixture
def read(project: Project) -> Reader:
    return Reader(page(project, contents.read(project)))


def test_each_part_of_the_project_has_a_section_that_links_lead_to(read: Reader) -> None:
    assert {"job/c/hot_v1", "source/plant", "table/c.hot", "topic/alerts", "macro/hot", "udf/enrich"} <= set(
        read.sections
    )
    assert len(read.ids) == len(set(read.ids))
    assert not [link for link in read.links if link[1:] not in read.ids]


def test_the_page_loads_no_other_file(read: Reader) -> None:
    assert all(link.startswith("#") for link in read.links)
    assert not read.addresses
    assert not {"link", "img", "iframe", "object"} & set(read.tags)


def test_html_in_the_projects_files_is_shown_as_text(read: Reader) -> None:
    assert read.tags.count("script") == 1
    for section in ("job/c/hot_v1", "source/plant", "macro/hot"):
        assert EVIL in read.text(section)


def test_a_job_shows_everything_in_its_folder(read: Reader) -> None:
    job = read.text("job/c/hot_v1")
    for text in (
        "owner reliability-team",
        "grain one row per hot reading",
        "reads plant",
        "steps enrich",
        "writes c.hot, plant.alerts",
        "sets aside historian.dead_letters (codes), historian.late_readings",
        "state kept for 36h after its last use",
        "limit 100.0",
        "tests late ones one hot one cold: One of each",
        "c.hot.sql.j2",
        "_hot.sql.j2 select * from {{ on_time('plant') }}",
        "checks.sql.j2 select * from c.hot where temp < 100",
    ):
        assert text in job, text


def test_a_source_shows_where_each_column_comes_from(read: Reader) -> None:
    source = read.text("source/plant")
    assert "from 2000-01-01 to 90s ahead of the clock" in source
    assert "lateness 10s" in source
    assert "temp double nullable degC Bearing's temperature" in source
    assert "(from -50) from data.temp" in source
    assert "ts timestamp UTC Time of the reading; sent as epoch_ms from t" in source
    assert "quality long OPC UA StatusCode; sent as opcda, uncertain if a reading has none from q" in source
    assert "read by c/hot_v1" in source


def test_a_table_shows_its_layout_its_columns_and_its_writers(read: Reader) -> None:
    table = read.text("table/c.hot")
    assert "partitioned by tag, bucket(16, tag), day(at) sorted by temp desc retention 90d written by c/hot_v1" in table
    assert "tag string Name of the measured point temp double nullable degC How hot" in table


def test_a_macro_shows_its_signature_its_description_and_its_callers(read: Reader) -> None:
    macro = read.text("macro/hot")
    assert "hot(column, above=100)" in macro
    assert "column: the one to look at" in macro
    assert "select 1 from a where {{ hot('temp') }} < 2" in macro
    assert "used by c/hot_v1" in macro


def test_the_problems_of_all_files_are_reported_at_once(project: Project) -> None:
    (project.sql / "_tables/c.hot.yaml").write_text("description: d\n")
    (project.sql / "_topics/alerts.yaml").write_text("description: d\n")
    (project.sql / "_macros/cold.sql.j2").write_text("{% macro warm() %}{% endmacro %}")
    (project.sql / "_macros/hot.sql.j2").write_text("{% macro hot() %}\n{{ ) }}{% endmacro %}")
    with pytest.raises(UserError) as caught:
        contents.read(project)
    messages = sorted({(Path(str(p.where)).name.partition(":")[0], p.what) for p in caught.value.problems})
    assert [file for file, _ in messages] == [*["alerts.yaml"] * 3, *["c.hot.yaml"] * 2, "cold.sql.j2", "hot.sql.j2"]
    assert ("cold.sql.j2", "there is no macro 'cold' in this file") in messages
    assert len(caught.value.problems) == len(messages)


def test_calls_are_read_everywhere_in_a_template(tmp_path: Path) -> None:
    path = tmp_path / "a.sql.j2"
    path.write_text(
        "{# {{ table('no') }} #}{% for n in [1] %}{{ tumble(on_time('plant'), size='1m') }}{% endfor %}"
        "{% if param('x') %}{{ ref('a/b_v1', output='h.kept') | ident }}{% endif %}{{ source(name) }}"
    )
    assert sorted(template_file.calls(path)) == [
        Call("on_time", ("plant",)),
        Call("param", ("x",)),
        Call("ref", ("a/b_v1", "h.kept")),
        Call("source", ()),
        Call("tumble", ("1m",)),
    ]


@pytest.mark.parametrize("text", ["{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "9" * 5000 + " }}"])
def test_a_template_that_cannot_be_read_is_an_error_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql.j2").write_text(text)
    with pytest.raises(UserError, match=r"a\.sql\.j2:1: template: "):
        template_file.calls(tmp_path / "a.sql.j2")


def test_the_command_writes_one_file(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    docs(project.root / "site", json=True)
    file = project.root / "site" / "index.html"
    assert json.loads(capsys.readouterr().out) == {"page": str(file)}
    assert [*file.parent.iterdir()] == [file]
    assert file.read_text().startswith("<!doctype html>")


def test_a_product_shows_what_it_promises_and_what_was_measured(project: Project) -> None:
    promised = "product: {version: 3, contact: the team, time: at, freshness: 15m, completeness: 0.999}\n"
    file = project.sql / "_tables/c.hot.yaml"
    file.write_text(file.read_text() + promised)
    read = contents.read(project)
    text = " ".join(re.sub("<[^>]+>", " ", page(project, read)).split())
    assert "freshness 15m completeness 99.9 %" in text
    product, at = read.tables["c.hot"].product, datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert product
    measured = {"c.hot": Measured("c.hot", product, at - timedelta(hours=2), 998, 2, at)}
    text = " ".join(re.sub("<[^>]+>", " ", page(project, read, measured)).split())
    assert "measured at 2026-03-01 12:00 UTC" in text
    assert "freshness 15m 2 h not kept completeness 99.9 % 99.8000 % of 1000 records not kept" in text


def test_the_same_project_gives_the_same_page(project: Project) -> None:
    assert page(project, contents.read(project)) == page(project, contents.read(project))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("width", [80, 120])
def test_the_list_keeps_names_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    list_jobs()
    printed = capsys.readouterr().out
    assert "writes table/c.hot, topic/alerts" in printed
    assert re.search(r"c/hot_v1\s+What is hot", printed)
    assert max(map(len, printed.splitlines())) <= width


@pytest.mark.usefixtures("project")
def test_the_list_as_json_has_every_key_of_job_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    list_jobs(json=True)
    [job] = json.loads(capsys.readouterr().out)
    assert job["name"] == "c/hot_v1"
    assert job["reads"] == ["source/plant"]
    assert job["writes"] == {"table/c.hot": "append", "topic/alerts": "append"}
