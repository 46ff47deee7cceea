"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

import logging

import orjson

from connetos_agent.northbound.http import RequestTimeout, Response
from connetos_sdk import errors
from connetos_sdk.errors import ConnetosError

log = logging.getLogger(__name__)

STATUS: dict[type[ConnetosError], int] = {
    errors.ParseError: 400,
    errors.ConfigError: 422,
    errors.PreconditionFailed: 412,
    errors.Conflict: 409,
    errors.Locked: 423,
    errors.NotFound: 404,
    errors.ApplyFailed: 500,
    errors.StorageFailed: 507,
    errors.TransactionError: 409,
    errors.AuthenticationFailed: 401,
    errors.PermissionDenied: 403,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.BadRequest: 400,
    errors.AgentStopping: 503,
}
"""HTTP status of each class of error; a subclass has that of the nearest class listed."""

TITLES = {
    400: "The request can't be read", 401: "Authentication needed", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed here", 408: "The request took too long", 409: "Conflict with another change",
    412: "The configuration has changed",
    413: "Too large", 415: "Unknown content type", 422: "Not a valid configuration", 423: "Locked",
    429: "Too many at once", 500: "The data plane didn't do it", 503: "Ask again soon", 507: "Can't be recorded",
}  # fmt: skip


class MethodNotAllowed(errors.BadRequest):
    """A method that a resource doesn't have."""

    code = "method-not-allowed"


class UnsupportedMediaType(errors.BadRequest):
    """A body in a form that isn't read here."""

    code = "unsupported-media-type"


STATUS[MethodNotAllowed] = 405
STATUS[RequestTimeout] = 408
STATUS[UnsupportedMediaType] = 415


def status_of(error: ConnetosError) -> int:
    """The HTTP status for `error`."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 500)


def problem(error: Exception) -> Response:
    """The answer that tells of `error`. What isn't ours is logged and told without details."""
    if not isinstance(error, ConnetosError):
        log.exception("unexpected error", exc_info=error)
        error = ConnetosError("unexpected error in the agent", hint="the agent's log has the details")
    status = status_of(error)
    data = error.to_dict()
    document = {
        "type": f"urn:connetos:error:{data['code']}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": str(error),
        "code": data["code"],
        "problems": data["problems"],
    }
    headers: tuple[tuple[str, str], ...] = ()
    if status == 401:
        headers = (("www-authenticate", 'Basic realm="ConnetOS", charset="UTF-8"'),)
    elif status == 405:
        headers = (("allow", error.hint),)
    return Response(status, orjson.dumps(document), "application/problem+json", headers)
