"""The parameters of a request, which are refused where they would change nothing: misspelt, or given again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from headrace.errors import Problem, UserError, did_you_mean


async def refuse_unknown(request: Request) -> None:
    """Raise UserError for each query parameter that the endpoint does not have, or takes only once."""
    known, path = dict(_types(request.scope["route"].dependant)), request.url.path
    problems = []
    for name in request.query_params:
        given = len(request.query_params.getlist(name))
        if name not in known:
            fix = did_you_mean(name, known, "parameters here")
            problems.append(Problem(f"there is no parameter '{name}'", path, fix))
        elif given > 1 and not _takes_several(known[name]):
            what = f"the parameter '{name}' is given {given} times, and has one value"
            problems.append(Problem(what, path, "send a request for each value"))
    if problems:
        raise UserError(problems)


def _types(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of each query parameter."""
    for field in dependant.query_params:
        declared = field.field_info.annotation
        if isinstance(declared, type) and issubclass(declared, BaseModel):  # one for all parameters
            yield from ((each.alias or name, each.annotation) for name, each in declared.model_fields.items())
        else:
            yield field.alias, declared
    for each in dependant.dependencies:
        yield from _types(each)


def _takes_several(declared: Any) -> bool:
    return get_origin(declared) is list or any(map(_takes_several, get_args(declared)))
