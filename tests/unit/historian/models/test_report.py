"""The report on a model: events against the budget, drift, readings without a score, age, and one sentence."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from headrace import cli
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.errors import UserError
from headrace.historian import Historian
from headrace.historian.anomalies import notes
from headrace.historian.models import declared_networks, replay, report, train, verdict
from headrace.historian.models.report import Report
from headrace.project import model_files, model_versions, table_files
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring.tags import Tag
from support import ROOT, copy_tables, onnx_files
from support.worlds.pumps import empty_plant

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=20)
PER_DAY = 72
MODEL = """
owner: pumps-team
description: Pumps, each against its speed.
tags: ["Q?.*"]
"""
KINDS = {
    "pumps": "kind: regime",
    "limits": "kind: baseline",
    "nets": "kind: onnx\nnetworks:\n- {file: flow.onnx, inputs: [speed], outputs: [flow, level]}",
}


def days(count: float) -> datetime:
    return START + timedelta(days=count)


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two pumps for 150 days. From day 120 the flow of Q1 is too high, slowly more and more; Q3 begins on day 60."""
    project = empty_plant(pytestconfig.rootpath, tmp_path_factory.mktemp("pumps"))
    copy_tables(project.root, "condition.scores", "condition.anomaly_events", "condition.anomaly_notes")
    for name, kind in KINDS.items():
        folder = model_files.folder(project, name)
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(kind + MODEL)
    (model_files.folder(project, "nets") / "flow.onnx").write_bytes(onnx_files.line(np.array([[0.05, 9.0]])))
    random = np.random.default_rng(5)
    count = 150 * PER_DAY
    hours = np.arange(count) / 3
    columns = {}
    for pump in ("Q1", "Q2"):
        speed = 1200 + 300 * np.sin(hours / 7 + ord(pump[1])) + random.normal(0, 5, count)
        columns[f"{pump}.speed"], columns[f"{pump}.flow"] = speed, speed / 20 + random.normal(0, 0.6, count)
    columns["Q1.flow"][120 * PER_DAY :] += np.linspace(0, 4, 30 * PER_DAY)
    columns["Q3.flow"] = columns["Q2.flow"][60 * PER_DAY :]
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    position = {"quality": 0, "src_topic": "t", "src_partition": 0, "src_index": 0}
    rows = [
        {
            "tag": tag,
            "ts": START + (count - len(values) + at) * EVERY,
            "value": float(value),
            "src_offset": at,
            **position,
        }
        for tag, values in columns.items()
        for at, value in enumerate(values)
    ]
    catalog = iceberg.connect(settings.load(project, "local"))
    iceberg.load_table(catalog, "historian.readings").append(pa.Table.from_pylist(rows, schema))
    return project


@pytest.fixture(scope="module")
def historian(project: Project) -> Historian:
    return Historian.open(settings.load(project, "local"))


@pytest.fixture(scope="module")
def trained(project: Project, historian: Historian) -> dict[str, train.Trained]:
    span = days(0), days(80)
    return {
        name: train.train(
            project, historian, name, span, lambda _: None, holdback=timedelta(days=30) if name == "nets" else None
        )
        for name in KINDS
    }


def reported(project: Project, historian: Historian, name: str, since: float, until: float) -> Report:
    local = settings.load(project, "local")
    return report.report(local, project, historian, Pin(name, 1), (days(since), days(until)))


@pytest.mark.parametrize("name", KINDS)
def test_a_quiet_month_is_fine(
    project: Project, historian: Historian, trained: dict[str, train.Trained], name: str
) -> None:
    found = reported(project, historian, name, 85, 115)
    assert found.model == str(trained[name].pin)
    assert found.rate is not None
    assert found.rate < 1.5
    assert [month.month for month in found.months] == ["2026-03", "2026-04"]
    assert sum(month.length for month in found.months) == pytest.approx(30 / report.MONTH_DAYS)
    assert {month.source for month in found.months} == {"rescored"}
    assert all(abs(tag.drift or 0) < 0.3 for tag in found.tags)
    assert found.past_date == ["it has not learned from any April"]


def test_what_drifts_is_named_and_to_be_trained_again(
    project: Project, historian: Historian, trained: dict[str, train.Trained]
) -> None:
    assert trained
    found = reported(project, historian, "pumps", 135, 150)
    (flow,) = (tag for tag in found.tags if tag.tag == "Q1.flow")
    assert flow.drift is not None
    assert flow.drift > 3
    assert found.retrain
    assert found.verdict.startswith("Retrain: ")
    assert "Q1.flow" in found.verdict or "2 tags drifted" in found.verdict
    assert found.verdict.count(".") - found.verdict.count("0.5") < 6


def test_an_empty_span_has_no_verdict(
    project: Project, historian: Historian, trained: dict[str, train.Trained]
) -> None:
    assert trained
    found = reported(project, historian, "pumps", 1000, 1010)
    assert (found.retrain, found.verdict) == (False, "No verdict: the span has no readings of the model's tags.")
    assert [month.readings for month in found.months] == [0, 0]


def test_a_tag_without_scores_is_not_in_the_rates(
    project: Project, historian: Historian, trained: dict[str, train.Trained]
) -> None:
    assert trained["pumps"].model.refused == {"Q3.flow": "learning: 19 of 30 days"}
    assert "Q3.flow" not in {tag.tag for tag in reported(project, historian, "pumps", 85, 115).tags}


def store_scores(project: Project, pin: Pin, rows: Iterable[dict[str, object]], table: str) -> None:
    schema = table_files.load_all(project)[table].arrow_schema()
    catalog = iceberg.connect(settings.load(project, "local"))
    iceberg.load_table(catalog, table).append(pa.Table.from_pylist([{"model": str(pin)} | row for row in rows], schema))


def test_stored_months_are_reported_as_stored_with_what_people_say(
    project: Project, trained: dict[str, train.Trained]
) -> None:
    local = settings.load(project, "local")
    assert table_changes.apply(project, local) is not None
    pin = trained["pumps"].pin
    none = "its quality is not good"
    store_scores(
        project,
        pin,
        [
            {"tag": "Q1.flow", "ts": days(100 + at / 24), **({"score": 0.1} if at % 4 else {"none_because": none})}
            for at in range(24)
        ],
        "condition.scores",
    )
    events = [
        {"tag": "Q1.flow", "started_at": days(at), "ended_at": days(at), "peak_at": days(at), "peak_score": 1.0}
        | {"cause": "level", "state": "ended"}
        for at in (92, 95, 100, 105)
    ]
    store_scores(project, pin, events, "condition.anomaly_events")
    for event, acknowledged, note in ((events[0], True, "bearing replaced"), (events[1], True, "False: cleaning")):
        notes.write(local, {**event, "model": str(pin)}, by="ann", acknowledged=acknowledged, note=note)
    march, april = reported(project, Historian.open(local), "pumps", 85, 115).months
    assert (march.source, april.source) == ("rescored", "stored")
    assert april.events == {"real": 1, "false": 1, "open": 2}
    assert (april.readings, april.without) == (24, {none: 6})
    assert march.readings > 1000


def test_the_command_fits_80_columns(
    project: Project,
    trained: dict[str, train.Trained],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert trained
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))
    monkeypatch.setenv("COLUMNS", "80")
    span = ["--since", days(40).isoformat(), "--until", days(150).isoformat()]
    monkeypatch.setattr(sys, "argv", ["headrace", "model", "report", "pumps", *span])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "Retrain: " in printed
    assert "2026-02" in printed
    table, _, _ = printed.rpartition("Retrain: ")
    assert max(map(len, table.splitlines())) <= 80


def test_a_scheduled_report_is_of_the_versions_of_score_jobs_and_fails_if_one_is_to_be_trained_again(
    project: Project,
    trained: dict[str, train.Trained],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert trained
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))

    def run(until: float, *more: str) -> tuple[int, str, str]:
        arguments = ["model", "report", "--until", days(until).isoformat(), *more]
        monkeypatch.setattr(sys, "argv", ["headrace", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capsys.readouterr()

    assert run(150)[0] == 2, "no job has a model"
    shutil.copytree(ROOT / "sql" / "_sources", project.sql / "_sources", dirs_exist_ok=True)
    job = project.sql / "condition" / "scores_v1" / "job.yaml"
    job.parent.mkdir(parents=True)
    job.write_text(
        "kind: score\nname: condition/scores_v1\nowner: o\ndescription: d\ngrain: g\nmodel: pumps@1\n"
        "reads: [source/plant_readings]\n"
        "writes: {table/condition.scores: append, table/condition.anomaly_events: upsert}\n"
    )
    try:
        code, printed, said = run(150, "--check", "--json")
        (found,) = json.loads(printed)
        assert (code, found["model"], found["retrain"]) == (1, "pumps@1", True)
        assert found["since"].startswith(days(120).isoformat()[:10])
        assert "pumps@1: Retrain: " in said
        assert run(150)[0] == 0
    finally:
        shutil.rmtree(job.parent)


def card(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": since.isoformat(), "until": until.isoformat()}


def test_a_model_is_past_its_date_by_age_and_season() -> None:
    year = card(days(0), days(365))
    assert verdict.past_date(year, days(365), days(730)) == []
    assert verdict.past_date(year, days(700), days(780)) == [
        "its training readings end 14 months before this span does"
    ]
    winter = card(days(0), days(59))
    assert verdict.past_date(winter, days(60), days(100)) == ["it has not learned from any March, April"]
    assert verdict.past_date(card(days(0), days(35)), days(40), days(45)) == ["it has not learned from any February"]


def test_a_model_of_which_no_tag_has_scores_says_so() -> None:
    retrain, sentence = verdict.verdict([], None, 0.5, [], {"a": "learning: 3 of 30 days"})
    assert retrain
    assert sentence == "Retrain: no tag has scores (learning: 3 of 30 days)."


@pytest.mark.parametrize(
    ("rate", "budget", "sentence"),
    [
        (0.4, 0.5, "Fine: 0.40 events per tag and month are within the budget of 0.5."),
        (0.7, 0.5, "Fine: 0.70 events per tag and month are above, but less than twice, the budget of 0.5."),
        (1.2, 0.5, "Retrain: 1.20 events per tag and month are more than twice the budget of 0.5."),
        (9.0, None, "Fine: 9.00 events per tag and month; it has a limit and no budget."),
    ],
)
def test_a_verdict_compares_with_the_budget(rate: float, budget: float | None, sentence: str) -> None:
    assert verdict.verdict([], rate, budget, [], {}) == (sentence.startswith("Retrain"), sentence)


def test_networks_need_a_holdback_and_other_kinds_have_none(project: Project, historian: Historian) -> None:
    def refused(name: str, holdback: timedelta | None, until: float = 80) -> str:
        with pytest.raises(UserError) as error:
            train.train(project, historian, name, (days(0), days(until)), lambda _: None, holdback=holdback)
        return str(error.value)

    assert "--holdback 90d" in refused("nets", None)
    assert "at least 30d" in refused("nets", timedelta(days=5))
    assert "before those held back" in refused("nets", timedelta(days=75))
    assert "without a holdback" in refused("pumps", timedelta(days=30))


def test_the_card_of_networks_has_the_readings_of_their_thresholds(
    project: Project, trained: dict[str, train.Trained]
) -> None:
    found = model_versions.card(project, trained["nets"].pin)
    assert found["thresholds_since"] == days(50).isoformat()
    assert found["refused"]["Q1.speed"] == "no network expects it"
    assert found["refused"]["Q3.flow"] == "its asset has no 'speed', which flow.onnx reads"
    assert "thresholds_since" not in model_versions.card(project, trained["limits"].pin)


def test_a_drifting_flow_is_an_event_of_the_network_too(
    project: Project, historian: Historian, trained: dict[str, train.Trained]
) -> None:
    scorer = replay.scorer_of(project, trained["nets"].pin)
    found = replay.replay(scorer, historian, (days(130), days(150)), days(150), lambda _: None)
    assert {frame.event.tag for frame in found} == {"Q1.flow"}


def test_a_network_that_fits_no_asset_is_an_error_with_its_place(project: Project) -> None:
    file = model_files.load(project, "nets")
    assert file.kind == "onnx"
    folder = model_files.folder(project, "nets")
    with pytest.raises(UserError, match=r"no asset has the inputs \(speed\) and an output \(flow, level\)"):
        declared_networks.networks(file, folder, [Tag("Q1.heat")], {})
    (folder / "wide.onnx").write_bytes(onnx_files.line(np.ones((2, 2))))
    (network,) = file.networks
    wide = file.model_copy(update={"networks": [network.model_copy(update={"file": "wide.onnx"})]})
    with pytest.raises(UserError) as error:
        declared_networks.networks(wide, folder, [Tag("Q1.speed"), Tag("Q1.flow")], {})
    assert "wide.onnx" in str(error.value)
    assert "[n, 2]" in str(error.value)
    assert "the inputs speed" in str(error.value)
    gone = file.model_copy(update={"networks": [network.model_copy(update={"file": "gone.onnx"})]})
    with pytest.raises(UserError, match="cannot be read: No such file"):
        declared_networks.networks(gone, folder, [Tag("Q1.speed"), Tag("Q1.flow")], {})
