"""pyiceberg's REST catalog, whose calls end: pyiceberg itself waits for ever for a server that does not answer."""

from __future__ import annotations

from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

LIMIT_S = 60


class BoundedRestCatalog(RestCatalog):
    """Each request fails when LIMIT_S pass without a byte of the answer."""

    def _config_headers(self, session: Session) -> None:
        # The first that is done to a session, before it signs in.
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Bounded())
        super()._config_headers(session)


class _Bounded(HTTPAdapter):
    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        kwargs["timeout"] = kwargs.get("timeout") or LIMIT_S
        return super().send(request, *args, **kwargs)
