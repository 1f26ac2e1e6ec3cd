"""pyiceberg's REST catalog with a timeout: pyiceberg itself waits indefinitely for a server that does not respond."""

from __future__ import annotations

from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

LIMIT_S = 60
"""Seconds without a byte of the response after which a request fails."""


class BoundedRestCatalog(RestCatalog):
    """A REST catalog whose requests fail after LIMIT_S seconds without a byte of the response.

    Settings name it by its path; pyiceberg imports it from there.
    """

    def _config_headers(self, session: Session) -> None:
        # pyiceberg calls this first on a session, before it signs in.
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Bounded())
        super()._config_headers(session)


class _Bounded(HTTPAdapter):
    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        kwargs["timeout"] = kwargs.get("timeout") or LIMIT_S
        return super().send(request, *args, **kwargs)
