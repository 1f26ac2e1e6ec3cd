"""Table API jobs on real services, and the errors of faulty modules."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from headrace.authoring import test
from headrace.authoring.test.run import outcome
from headrace.compose.job_statements import compose
from headrace.environment import settings
from headrace.errors import UserError
from headrace.planner import planning, session
from headrace.planner.in_process.case import Case, CaseSettings
from headrace.planner.in_process.file_connectors import FileConnectors
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder, python_module, table_files
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace.upkeep.checks import run_checks
from support import ROOT
from support.worlds.live_plant import START_MS, Plant, until

JOBS = ["condition/stuck_v1", "condition/events_v1"]
MINUTE = 60_000_000
START = START_MS * 1000 + 7  # microseconds: no number of milliseconds


def test_both_jobs_report_exactly_what_a_topic_holds(own_plant: Plant) -> None:
    """The wind at A is over 15 for an hour, with a gap in it; B stays at 5, and then sends nothing."""
    own_modules(own_plant)
    wind = [message(n, "A.wind_speed", 16 + n % 3 if 30 <= n < 90 else n % 2) for n in range(300) if not 40 <= n < 75]
    still = [message(n, "B.wind_speed", 5) for n in range(200)]
    chance = random.Random(4)  # noqa: S311 - a test repeats itself
    sent = sorted([*wind, *still, *wind[:50]], key=lambda each: each[0] + chance.uniform(0, 9) * MINUTE)
    own_plant.produce([*(payload for _, payload in sent), b"{"])

    for job in JOBS:
        done = own_plant.submit(job, bounded=True, parallelism=2)
        own_plant.finish(done)
        tasks = [each["name"] for each in own_plant.cluster.get(f"/jobs/{done.id}")["vertices"]]
        assert sum(name.startswith("Source: ") for name in tasks) == 1, tasks

    at = "(epoch_us({0}) - " + str(START) + f") / {MINUTE}"
    times = ", ".join(at.format(column) for column in ("since", "detected_at"))
    assert own_plant.query(f"select tag, kind, {times}, last_value from condition.sensor_faults order by all") == [
        ("A.wind_speed", "silent", 39, 69, 16),
        ("B.wind_speed", "frozen", 0, 121, 5),
        ("B.wind_speed", "silent", 199, 229, 5),
    ]
    times = ", ".join(at.format(column) for column in ("started_at", "ended_at", "max_at"))
    frame = "duration_s, max_value, mean_value, readings, closed_by"
    assert own_plant.query(f"select tag, {times}, {frame} from condition.events order by all") == [
        ("A.wind_speed", 30, 39, 32, 540, 18, 16.9, 10, "gap"),
        ("A.wind_speed", 75, 90, 77, 900, 18, 17, 15, "condition"),
    ]
    dead = own_plant.query("select job, code from historian.dead_letters order by all")
    assert dead == [("condition/events_v1", "not_json"), ("condition/stuck_v1", "not_json")]
    assert own_plant.query("select count(*) from historian.late_readings") == [(0,)]
    held = run_checks.run(own_plant.project, own_plant.settings, JOBS)
    assert len(held) == 7
    run_checks.verdict(held)


def own_modules(plant: Plant) -> None:
    """Give the plant a topic in microseconds, which may be out of order, and recognisable modules of its own."""
    contract = plant.project.sql / "_sources" / "plant_readings.yaml"
    text = contract.read_text().replace("lateness: 10s", "lateness: 10m").replace("unit: epoch_ms", "unit: epoch_us")
    contract.write_text(text)
    package = python_module.package(plant.project)
    shutil.copytree(python_module.package(Project(ROOT, ROOT)), package)
    watch = package / "watches" / "stuck_or_silent.py"
    watch.write_text(watch.read_text().replace('Fault("stuck"', 'Fault("frozen"'))


def message(minute: int, tag: str, value: float) -> tuple[int, bytes]:
    at = START + minute * MINUTE
    return at, b'{"tag":"%s","ts":%d,"value":%a,"q":192}' % (tag.encode(), at, float(value))


@pytest.mark.proof
def test_a_savepoint_keeps_what_a_watch_remembers(own_plant: Plant) -> None:
    own_modules(own_plant)
    minutes = [(message(n, "A.wind_speed", n % 2), message(n, "B.wind_speed", 5)) for n in range(160)]
    watched = [payload for both in minutes for _, payload in both]
    faults = f"select tag[1], kind, (epoch_us(detected_at) - epoch_us(since)) / {MINUTE} from condition.sensor_faults"
    silent, frozen = ("C", "silent", 30), ("B", "frozen", 121)
    own_plant.produce([message(0, "C.wind_speed", 1)[1], *watched[:200]])
    job = own_plant.submit("condition/stuck_v1", parallelism=1)
    until(lambda: own_plant.query(faults) == [silent], 120)

    savepoint = own_plant.cluster.stop(job.id)
    own_plant.produce(watched[200:])
    own_plant.submit("condition/stuck_v1", parallelism=2, restore=savepoint)
    until(lambda: own_plant.query(f"{faults} order by all") == [frozen, silent], 120)


JOB = """\
kind: table_api
module: hot
name: test/hot_v1
owner: o
description: d
grain: one row per hot reading
reads: [source/plant_readings]
writes: {table/condition.overheats: append}
params: {limit: 100.0, wait: soon, source: plant_readings}
"""
ROWS = """\
from table_api.more import hot


def tables(inputs):
    readings = inputs.on_time("plant_readings")
    return {"condition.overheats": hot(readings, inputs.param("limit"))}
"""
MORE = """\
from pyflink.table.expressions import col, lit


def hot(readings, limit):
    kept = readings.where(col("value") > limit)
    place = [col(name) for name in ("src_topic", "src_partition", "src_offset", "src_index")]
    return kept.select(col("tag"), col("ts"), col("value"), col("quality"), lit(limit).alias("hot_limit"), *place)
"""


@pytest.mark.parametrize(
    ("module", "old", "new", "message"),
    [
        ("hot", "table_api.more", "table_api.mire", "hot.py:1: ModuleNotFoundError: No module named 'table_api.mire'"),
        ("more", "    kept =", "    kept = =", "more.py:5:12: SyntaxError: invalid syntax"),
        ("more", "kept = readings", "kept = reading", "more.py:5: NameError: name 'reading' is not defined"),
        ("more", 'col("value")', 'col("valve")', "more.py:5: Flink: .*valve"),
        ("more", 'col("quality")', 'col("quality").alias("q")', "hot.py:6: condition.overheats has no column 'q'"),
        ("more", ' col("quality"),', "", "hot.py:6: condition.overheats requires the column 'quality'"),
        ("more", 'col("ts")', 'col("value").alias("ts")', "hot.py:6: 'ts' is a DOUBLE"),
        ("hot", 'param("limit")', 'param("limits")', "hot.py:6: job.yaml has no param 'limits'"),
        ("hot", 'param("limit")', 'duration("wait")', "job.yaml:9:24: param 'soon': a duration is"),
        ("hot", 'on_time("plant', 'on_time("plants', "hot.py:5: job.yaml has no source 'plants_readings'"),
        (
            "hot",
            '"plant_readings"',
            'inputs.param("source")',
            "hot.py:5: hot.py does not show before it runs that it reads 'plant_readings'",
        ),
        ("hot", '{"condition.overheats":', "None and {", "hot.py:4: tables\\(\\) returns None"),
        ("hot", '"condition.overheats":', '"condition.heats":', "hot.py:4: .* no Table for .*overheats'"),
        ("hot", '"condition.overheats":', '"condition.heats":', "hot.py:6: job.yaml does not write 'condition.heats'"),
        ("hot", "hot(readings,", '"hot" or (', "hot.py:6: 'condition.overheats' is 'hot', which is not a Table"),
    ],
)
def test_a_faulty_module_is_reported_at_its_line(tmp_path: Path, module: str, old: str, new: str, message: str) -> None:
    texts = {"hot": ROWS, "more": MORE}
    assert old in texts[module]
    project = project_of(tmp_path, {**texts, module: texts[module].replace(old, new)})
    with pytest.raises(UserError, match=message):
        plan(project)


def test_a_correct_module_is_planned_with_the_leftovers_of_its_source(tmp_path: Path) -> None:
    planned = plan(project_of(tmp_path, {"hot": ROWS, "more": MORE}))
    for sink in ("condition.overheats", DEAD_LETTERS, "historian.late_readings"):
        assert f"Sink(table=[headrace.{sink}]" in planned


ASKS = """\
from pyflink.table.expressions import col

from table_api.more import hot


def tables(inputs):
    known = inputs.table("historian.tags").select(col("tag").alias("known"))
    kept = inputs.ref("historian/readings_v1").join(known, col("tag") == col("known"))
    assert inputs.duration("wait").seconds == 90 and inputs.var("site") == "north"
    return {"condition.overheats": hot(kept, inputs.param("limit"))}
"""


def test_a_module_has_the_functions_of_a_template(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"hot": ASKS, "more": MORE})
    shutil.copytree(ROOT / "sql/historian/readings_v1", project.sql / "historian/readings_v1")
    reads = "[source/plant_readings, table/historian.tags, job/historian/readings_v1]"
    job = JOB.replace("[source/plant_readings]", reads).replace("wait: soon", "wait: 90s")
    (project.sql / "test/hot_v1/job.yaml").write_text(job)
    planned = plan(project, "historian.tags", "historian.readings")
    for table in ("historian.tags", "historian.readings"):
        assert f"TableSourceScan(table=[[headrace, {table.replace('.', ', ')}" in planned
    assert "historian.late_readings" not in planned


def test_an_exception_while_a_case_runs_is_reported_at_its_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = project_of(tmp_path, {"hot": ROWS, "more": MORE})
    shutil.copytree(ROOT / "sql/condition/stuck_v1", project.sql / "condition/stuck_v1")
    shutil.copytree(ROOT / "jobs/table_api", python_module.package(project), dirs_exist_ok=True)
    watch = python_module.package(project) / "watches" / "stuck_or_silent.py"
    watch.write_text(watch.read_text().replace("at, value = reading.at", "at, value = reading.att"))
    case, *_ = test.load(project, job_folder.load(project, "condition/stuck_v1"))
    with MiniCluster(Project(ROOT, ROOT)) as cluster:
        problem, *_ = outcome(project, settings.load(project, "local"), cluster, case).problems
    assert "'Reading' object has no attribute 'att'" in problem.what
    assert re.search(r"watches/stuck_or_silent\.py:\d+$", str(problem.where))
    assert "Traceback" not in capfd.readouterr().err


def project_of(folder: Path, modules: dict[str, str]) -> Project:
    for part in ("sql/_sources", "sql/_tables", "catalogs"):
        shutil.copytree(ROOT / part, folder / part)
    texts = {"sql/test/hot_v1/job.yaml": JOB, "jobs/table_api/__init__.py": ""}
    for path, text in (texts | {f"jobs/table_api/{name}.py": text for name, text in modules.items()}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return Project(folder, folder / ".headrace")


def plan(project: Project, *reads: str) -> str:
    """Return Flink's plan of the job, without a broker or a catalog."""
    folder, local = job_folder.load(project, "test/hot_v1"), settings.load(project, "local")
    case = Case(folder.job.name, "none", folder.path, CaseSettings(), {}, {}, {})
    local = local.model_copy(update={"vars": {"site": "north"}})
    tables = table_files.pick(project, [*folder.job.tables_written, *reads, DEAD_LETTERS, folder.job.late_table])
    composition = compose(project, local, folder, FileConnectors(case, project.root, local, tables))
    environment = session.create_environment(Project(ROOT, ROOT), session.job_options(folder.job))
    return str(planning.statement_set(environment, composition).explain())
