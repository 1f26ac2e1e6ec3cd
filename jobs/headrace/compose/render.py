"""Render templates to SQL: sandboxed, strict Jinja in which a value can only become a literal or an identifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError

from headrace.compose import value_places
from headrace.compose.invalid_call import InvalidCall
from headrace.compose.sandbox import Sandbox, bounded, budget
from headrace.compose.source_map import LineMarks, Rendered, unmark, value_mark
from headrace.compose.sql_text import Sql, duckdb_ident, duckdb_interval, duration, ident, interval, literal, number
from headrace.compose.template_functions import TemplateFunctions, duckdb_functions
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace_udfs.look_up import LookUp

ENGINE_TEMPLATES = Path(__file__).parent / "templates"
_TOO_DEEP = "it is nested too deeply, or calls itself without end"
_LESS_DEEP = "nest fewer brackets, blocks and calls"
_CODE = re.compile(r"^'[^']*\{[%{#][^']*'$")
_FAULTS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, SyntaxError)


@dataclass(frozen=True)
class Dialect:
    """How an engine writes identifiers, lengths of time and quoted texts, and the folders of sql/ with its macros."""

    ident: Callable[..., Sql]
    interval: Callable[[Any], Sql]
    macros: tuple[str, ...]
    scan: value_places.Scan


FLINK = Dialect(ident, interval, ("_macros",), value_places.in_flink)
DUCKDB = Dialect(duckdb_ident, duckdb_interval, ("_macros", "_macros/checks"), value_places.in_duckdb)


@dataclass(frozen=True)
class Templates:
    """A job's templates as SQL: `sinks` by sink, `views` by name, each view after those that it reads.

    `on_time` names the sources that they read with on_time(), `versions` the tables that they join as of a time, and
    `look_ups` is what they look up in the memory of workers, sorted.
    """

    sinks: dict[str, Rendered]
    views: dict[str, Rendered]
    on_time: frozenset[str]
    versions: frozenset[str]
    look_ups: tuple[LookUp, ...] = ()


def job(project: Project, settings: Settings, folder: JobFolder, follow: Mapping[str, str] | None = None) -> Templates:
    """Return the job's templates as SQL, with tables of the settings' catalog; `follow` are the options of ref().

    Raises UserError with the problems of all its templates at once.
    """
    problems: list[Problem] = []
    calls = TemplateFunctions(project, settings, folder, follow or {})
    names = {**calls.by_name(), **_macros(project, FLINK, calls.for_macros())}

    def rendered(path: Path) -> Rendered | None:
        try:
            return _file(path, names)
        except UserError as error:
            problems.extend(error.problems)
            return None

    sinks = {sink: rendered(path) for sink, path in folder.templates.items()}
    views: dict[str, Rendered | None] = {}
    reads: dict[str, set[str]] = {}
    for name, path in folder.views.items():
        calls.views_read = reads[name] = set()
        views[name] = rendered(path)
    if problems:
        raise UserError(problems)
    return Templates(
        {sink: done for sink, done in sinks.items() if done},
        {name: done for name in _ordered(folder, reads) if (done := views[name])},
        frozenset(calls.sources_on_time),
        frozenset(calls.tables_versioned),
        tuple(sorted(calls.look_ups, key=repr)),
    )


def for_duckdb(project: Project, settings: Settings, folder: JobFolder, path: Path) -> Rendered:
    """Return the SQL of a template of the job that DuckDB runs, such as its checks. Raises UserError."""
    functions = duckdb_functions(TemplateFunctions(project, settings, folder, {}))
    return _file(path, {**functions, **_macros(project, DUCKDB, {"table": functions["table"]})}, DUCKDB)


def _ordered(folder: JobFolder, reads: Mapping[str, set[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        ring = [*error.args[1]]
        where = Place.of(folder.views[ring[0]])
        fix = "change one of them so that it reads none of the others"
        raise UserError(f"views read each other in a circle: {' <- '.join(ring)}", where, fix) from None


def engine(template: str, **values: Any) -> str:
    """Return one of the engine's own statements (templates/<template>.sql.j2); a value of type Sql is not quoted."""
    return _file(ENGINE_TEMPLATES / f"{template}.sql.j2", values).sql


def _file(path: Path, names: Mapping[str, Any], dialect: Dialect = FLINK) -> Rendered:
    text = path.read_text(encoding="utf-8")
    try:
        with budget():
            marked = _template(text, dialect).render(names).strip()
    except TemplateSyntaxError as error:
        raise UserError(
            f"template: {error.message}", Place.of(path, error.lineno), _code_in_text(text, error)
        ) from None
    except UndefinedError as error:
        raise UserError(f"template: {error.message}", _failed_at(path, error), _known(error, names)) from None
    except InvalidCall as error:
        what, fix = error.problem.what, error.problem.fix
        raise UserError(what, _failed_at(path, error), fix) from None
    except (RecursionError, MemoryError) as error:
        raise UserError(f"template: {_TOO_DEEP}", _failed_at(path, error), _LESS_DEEP) from None
    except _FAULTS as error:
        raise UserError(f"template: {error}", _failed_at(path, error)) from None
    if faults := value_places.misplaced(marked, dialect.scan):
        raise UserError([replace(problem, where=Place.of(path, line)) for line, problem in faults.items()])
    return unmark(marked)


def _code_in_text(text: str, error: TemplateSyntaxError) -> str | None:
    """Return the fix if a quoted SQL text at the error's line begins code of the template, as '%{%' does."""
    line = text.split("\n")[error.lineno - 1]
    texts = (line[region.start : region.end] for region in value_places.in_flink(line))
    if found := next((each for each in texts if _CODE.search(each)), None):
        return f"{{%, {{{{ and {{# begin code of the template: write the text as a value, {{{{ {found} }}}}"
    return None


def _known(error: UndefinedError, names: Iterable[str]) -> str:
    """Return the fix for an undefined name: the nearest known name, or all of them."""
    _, _, rest = str(error.message).partition("'")
    return did_you_mean(rest.partition("'")[0], sorted(names), "names known here")


def _failed_at(path: Path, error: BaseException) -> Place:
    """Return the template line that was being rendered: Jinja rewrites tracebacks to template lines.

    A fault of the template as a whole, such as its size, is at line 1.
    """
    line, trace = 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return Place.of(path, line)


@cache
def _template(text: str, dialect: Dialect) -> Template:
    return _environment(dialect).from_string(text)


def _environment(dialect: Dialect) -> Sandbox:
    environment = Sandbox(lambda value: value_mark(_of_known(literal)(value)), [LineMarks])
    filters = {
        "ident": dialect.ident,
        "literal": literal,
        "number": number,
        "duration": duration,
        "interval": dialect.interval,
    }
    environment.filters = {name: _of_known(each) for name, each in filters.items()}
    return environment


def _of_known(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `make` as a function that raises Jinja's error for a missing name or argument."""

    def call(value: Any) -> Any:
        return bounded(make(str(value) if isinstance(value, StrictUndefined) else value))

    return call


def _macros(
    project: Project, dialect: Dialect = FLINK, functions: Mapping[str, Callable[..., Any]] = MappingProxyType({})
) -> dict[str, Callable[..., Sql]]:
    """Return the macros for the dialect, by file name. Each can call the other macros and the functions."""
    macros: dict[str, Callable[..., Sql]] = {}
    for path in sorted(path for folder in dialect.macros for path in project.sql.glob(f"{folder}/*.sql.j2")):
        macros[path.name.removesuffix(".sql.j2")] = _macro(path, dialect, functions, macros)
    return macros


def _macro(
    path: Path,
    dialect: Dialect,
    functions: Mapping[str, Callable[..., Any]],
    others: Mapping[str, Callable[..., Sql]],
) -> Callable[..., Sql]:
    name = path.name.removesuffix(".sql.j2")
    try:
        template = _template(path.read_text(encoding="utf-8"), dialect)
    except TemplateSyntaxError as error:
        raise UserError(f"macro: {error.message}", Place.of(path, error.lineno)) from None
    except (RecursionError, MemoryError, *_FAULTS) as error:
        deep = isinstance(error, RecursionError | MemoryError)
        raise UserError(f"macro: {_TOO_DEEP if deep else error}", Place.of(path)) from None

    def call(*args: Any, **kwargs: Any) -> Sql:
        try:
            module = template.make_module({**functions, **others, "refuse": _refuse})
            if not hasattr(module, name):
                _refuse(
                    "its file does not define a macro of that name", f"write {{% macro {name}() %}} in {Place.of(path)}"
                )
            marked = getattr(module, name)(*args, **kwargs).strip()
            for line, problem in value_places.misplaced(marked, dialect.scan).items():
                _refuse(f"{problem.what}, at {Place.of(path, line)}", problem.fix or "")
            return Sql(unmark(marked).sql.strip())
        except _Endless as endless:
            raise _Endless(endless.problem) from None
        except InvalidCall as invalid:
            what, fix = invalid.problem.what, invalid.problem.fix
        except (RecursionError, MemoryError):
            raise _Endless(Problem(f"{name}(): {_TOO_DEEP}", fix=f"{_LESS_DEEP}: see {Place.of(path)}")) from None
        except _FAULTS as error:
            what, fix = str(error), f"see {Place.of(path)}"
        # A new error: its traceback starts here, so the line that is reported is the caller's.
        raise InvalidCall(Problem(f"{name}(): {what}", fix=fix))

    return call


class _Endless(InvalidCall):
    """A macro that calls itself without end, reported once and not by each of its calls."""


def _refuse(what: str, fix: str) -> NoReturn:
    raise InvalidCall(Problem(what, fix=fix))
