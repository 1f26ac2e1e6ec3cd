"""Templates into SQL: sandboxed, strict Jinja in which a value can only become a literal or an identifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from headrace.errors import Place, Problem, UserError
from headrace.project import Project
from headrace.sourcemap import LineMarks, Rendered, unmark
from headrace.spec import JobFolder
from headrace.sqltext import Sql, ident, literal

ENGINE_TEMPLATES = Path(__file__).parent / "templates"


class _AskedFor(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)


def job(project: Project, folder: JobFolder, catalog: str) -> dict[str, Rendered]:
    """Each sink's SELECT of a job, with its tables in the Flink catalog `catalog`.

    Raises UserError with the problems of all its templates at once.
    """
    problems: list[Problem] = []
    selects = {}
    for sink, path in folder.templates.items():
        try:
            selects[sink] = _file(path, {**_calls(folder, catalog), **_macros(project)})
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return selects


def engine(template: str, **values: Any) -> str:
    """One of the engine's own statements (templates/<template>.sql.j2); a value of type Sql goes in as it is."""
    return _file(ENGINE_TEMPLATES / f"{template}.sql.j2", values).sql


def _file(path: Path, names: Mapping[str, Any]) -> Rendered:
    environment = _environment()
    try:
        template = environment.from_string(path.read_text(encoding="utf-8"))
        return unmark(template.render(names).strip())
    except TemplateSyntaxError as error:
        raise UserError(f"template: {error.message}", Place.of(path, error.lineno)) from None
    except UndefinedError as error:
        known = ", ".join(sorted(names)) or "none"
        raise UserError(f"template: {error.message}", _failed_at(path, error), f"names known here: {known}") from None
    except _AskedFor as error:
        what, fix = error.problem.what, error.problem.fix
        raise UserError(what, _failed_at(path, error), fix) from None
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError(f"template: {error}", _failed_at(path, error)) from None


def _failed_at(path: Path, error: BaseException) -> Place:
    """The template line that was being rendered: Jinja rewrites tracebacks to template lines."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return Place.of(path, line)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=literal,
        extensions=[LineMarks],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters = {"ident": ident, "literal": literal}
    return environment


def _calls(folder: JobFolder, catalog: str) -> dict[str, Callable[..., Sql]]:
    spec = folder.job

    def declared(kind: str, name: str, known: list[str] | dict[str, Any], key: str) -> None:
        if name not in known:
            has = ", ".join(known) or "none"
            raise _AskedFor(Problem(f"job.yaml declares no {kind} '{name}' (it has: {has})", fix=f"add it to {key}:"))

    def source(name: str) -> Sql:
        declared("source", name, spec.sources, "reads")
        return ident(name)

    def table(name: str) -> Sql:
        declared("table", name, spec.tables, "reads")
        return ident(f"{catalog}.{name}")

    def param(name: str) -> Sql:
        declared("param", name, spec.params, "params")
        return literal(spec.params[name])

    def src() -> Sql:
        return Sql("src_topic, src_partition, src_offset, src_index")

    return {"source": source, "table": table, "param": param, "src": src}


def _macros(project: Project) -> dict[str, Callable[..., Sql]]:
    """The macros of sql/_macros/, one a file, under the file's name."""
    return {path.name.removesuffix(".sql.j2"): _macro(path) for path in sorted(project.sql.glob("_macros/*.sql.j2"))}


def _macro(path: Path) -> Callable[..., Sql]:
    name = path.name.removesuffix(".sql.j2")
    environment = _environment()
    module = environment.from_string(path.read_text(encoding="utf-8")).make_module()

    def call(*args: Any, **kwargs: Any) -> Sql:
        return Sql(unmark(getattr(module, name)(*args, **kwargs)).sql.strip())

    return call
