"""The parameters of a request, which are refused if its endpoint does not know them: a misspelt one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from headrace.errors import Problem, UserError, did_you_mean


async def refuse_unknown(request: Request) -> None:
    """Raise UserError for each query parameter that the endpoint does not have."""
    known = [*_names(request.scope["route"].dependant)]
    problems = [
        Problem(f"there is no parameter '{name}'", request.url.path, did_you_mean(name, known, "parameters here"))
        for name in request.query_params
        if name not in known
    ]
    if problems:
        raise UserError(problems)


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        declared = field.field_info.annotation
        if isinstance(declared, type) and issubclass(declared, BaseModel):  # one for all parameters
            yield from (each.alias or name for name, each in declared.model_fields.items())
        else:
            yield field.alias
    for each in dependant.dependencies:
        yield from _names(each)
