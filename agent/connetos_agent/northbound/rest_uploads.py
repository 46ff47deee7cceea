"""`/api/v1/uploads`: files sent to the switch, such as packages. A PUT is taken in as it comes, whatever its size.

The header `Content-Digest: sha-256=:<base64>:` (RFC 9530) says what the bytes must hash to; it must be there.
"""

from __future__ import annotations

import base64
import binascii
import re

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.http import Request, Response
from connetos_agent.northbound.problems import MethodNotAllowed
from connetos_agent.services.packages.uploads import Uploads
from connetos_sdk.errors import BadRequest, NotFound, PermissionDenied

_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]{44}):")


async def answer(
    uploads: Uploads | None, request: Request, caller: Caller, words: tuple[str, ...]
) -> Response:
    """Answer a request for the files there are, or for one of them.

    Raises:
        ConnetosError: it can't be done.
    """
    if uploads is None:
        raise NotFound("this switch has no packages of its own", hint="its setting packages.root names them")
    if request.method != "GET" and not caller.may_configure:
        raise PermissionDenied(
            f"{caller.user} is of class {caller.user_class}", hint="uploads need class super-user"
        )
    if not words:
        _allow(request, "GET")
        return Response(200, orjson.dumps({"uploads": uploads.listed()}))
    if len(words) > 1:
        raise NotFound("there is no such resource", hint="uploads/<file name>")
    _allow(request, "PUT", "DELETE")
    if request.chunks is None:
        uploads.remove(words[0])
        return Response(204)
    length = request.headers.get("content-length", "")
    size = int(length) if re.fullmatch("[0-9]{1,15}", length) else None
    received = await uploads.receive(words[0], request.chunks, size, _digest(request))
    return Response(201, orjson.dumps(received))


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(f"{request.method} isn't possible here", hint=", ".join(methods))


def _digest(request: Request) -> str:
    found = _DIGEST.search(request.headers.get("content-digest", ""))
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise BadRequest(
            "the header Content-Digest with the SHA-256 of the file is missing or wrong",
            hint="Content-Digest: sha-256=:<base64>: (RFC 9530)",
        )
    return digest.hex()
