"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and the fix; never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from headrace.errors import HeadraceError, Problem, UserError

_LOG = logging.getLogger(__name__)


class ProblemItem(BaseModel):
    """One problem of a request: what is wrong, where, and how to fix it."""

    what: str
    where: str | None
    fix: str | None


class Refusal(BaseModel):
    """The body of an error response."""

    title: str
    status: int
    problems: list[ProblemItem]


REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal, "description": text}
    for code, text in {
        400: "the request is not valid",
        401: "the token is missing or unknown",
        403: "the request comes from another site",
        503: "a table cannot be read, or the server is busy",
    }.items()
}
"""The error responses of every endpoint, as FastAPI describes them."""


def refusal(status: int, title: str, problems: Sequence[Problem]) -> JSONResponse:
    """Return an error response."""
    body = {"title": title, "status": status, "problems": [problem.to_json() for problem in problems]}
    return JSONResponse(body, status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Register the handlers that convert every error of `app` to such a response."""
    app.add_exception_handler(HeadraceError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HeadraceError)  # noqa: S101 - by its registration
    if isinstance(error, UserError):
        return refusal(400, "the request is not valid", error.problems)
    return refusal(503, "the tables cannot be read at the moment", error.problems)


def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    problems = [
        Problem(_reason(item["msg"]), f"{item['loc'][0]} parameter {item['loc'][1]}", "see /docs")
        for item in error.errors()
    ]
    return refusal(400, "the request is not valid", problems)


def _reason(message: str) -> str:
    """Return pydantic's message as a part of a sentence."""
    text = message.removeprefix("Value error, ")
    return f"{text[0].lower()}{text[1:]}"


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return refusal(error.status_code, str(error.detail), [Problem(str(error.detail), request.url.path, "see /docs")])


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s failed", request.url.path, exc_info=error)
    fix = "report it to the operator of this server: the log of `headrace serve` has the reason"
    return refusal(500, "internal error", [Problem("an error in headrace itself", request.url.path, fix)])
