"""Assemble the application: the API, its description, the page, and the files of other packages that they need."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from headrace.environment.settings import Settings
from headrace.historian.serve import problems
from headrace.historian.serve.api import router
from headrace.historian.serve.current import CurrentHistorian
from headrace.historian.serve.guard import Guard
from headrace.historian.serve.load import Load

_PAGE = Path(__file__).parent / "page"
# Nothing is loaded from another host, and no copy is kept in git: these packages contain the files.
_ASSETS = {
    "/assets/plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "/assets/swagger-ui-bundle.js": ("fastapi_offline", "static/swagger-ui-bundle.js"),
    "/assets/swagger-ui.css": ("fastapi_offline", "static/swagger-ui.css"),
}


def build(settings: Settings, tokens: Sequence[str] = ()) -> FastAPI:
    """Return the application over the tables of an environment; `tokens` as in `Guard`."""
    app = FastAPI(
        title="headrace",
        description="Read-only queries of the historian. Times are UTC.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.current = CurrentHistorian(settings)
    app.include_router(router)
    problems.install(app)
    # The last one added handles a request first: what the guard refuses waits for nothing.
    app.add_middleware(Load)
    app.add_middleware(Guard, tokens=tokens)
    for path, (package, file) in _ASSETS.items():
        _serve(app, path, _folder(package) / file)
    _serve(app, "/", _PAGE / "index.html")
    _serve(app, "/docs", _PAGE / "docs.html")
    app.mount("/page", StaticFiles(directory=_PAGE))
    return app


def _serve(app: FastAPI, path: str, file: Path) -> None:
    async def response() -> FileResponse:
        return FileResponse(file)

    app.add_api_route(path, response, include_in_schema=False, response_model=None)


def _folder(package: str) -> Path:
    """Return the folder of a package without importing it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None  # noqa: S101 - an installed dependency
    assert spec.origin is not None  # noqa: S101
    return Path(spec.origin).parent
