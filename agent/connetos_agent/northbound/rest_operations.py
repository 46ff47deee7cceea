"""`POST /api/v1/rpc/<name>`: an operation, its result as one JSON document or, told as it goes, as lines of JSON.

With `Accept: application/x-ndjson` the answer is one object a line: `{"progress": ...}` as often as there is
something to tell, `{}` when there was nothing for a while, and at last `{"result": ...}` or `{"error": ...}`
(a problem document). The operation is cancelled when the client goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.http import Request, Response
from connetos_agent.northbound.problems import problem
from connetos_agent.services.operations import Operations

NDJSON = "application/x-ndjson"
QUIET_SECONDS = 15.0
MAX_UNTOLD = 64
"""Reports that wait to be sent; an operation that tells more waits until the client has read some."""


async def answer(
    operations: Operations, request: Request, caller: Caller, name: str, arguments: Mapping[str, Any]
) -> Response:
    """Do the operation `name` and answer as the client asked.

    Raises:
        ConnetosError: it can't be done; when telling as it goes, only what is known before it begins.
    """
    if NDJSON in request.headers.get("accept", ""):
        operations.check(caller, name, arguments)
        return Response(200, content_type=NDJSON, stream=_lines(operations, request, caller, name, arguments))
    doing = asyncio.ensure_future(operations.call(caller, name, arguments))
    await _until_done_or_gone(doing, request)
    return Response(200, orjson.dumps(await doing))


async def _until_done_or_gone(doing: asyncio.Future[Any], request: Request) -> None:
    gone = asyncio.ensure_future(request.gone())
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            doing.cancel()
    finally:
        gone.cancel()
        if not doing.done():
            doing.cancel()


async def _lines(
    operations: Operations, request: Request, caller: Caller, name: str, arguments: Mapping[str, Any]
) -> AsyncIterator[bytes]:
    told: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(MAX_UNTOLD)
    doing = asyncio.ensure_future(operations.call(caller, name, arguments, told.put))
    watching = asyncio.ensure_future(_until_done_or_gone(doing, request))
    try:
        while not (doing.done() and told.empty()):
            next_report = asyncio.ensure_future(told.get())
            await asyncio.wait(
                (next_report, doing), timeout=QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if next_report.done():
                yield orjson.dumps({"progress": next_report.result()}) + b"\n"
            else:
                next_report.cancel()
                if not doing.done():
                    yield b"{}\n"
        yield _last_line(doing)
    finally:
        doing.cancel()
        watching.cancel()


def _last_line(doing: asyncio.Future[Any]) -> bytes:
    error = asyncio.CancelledError() if doing.cancelled() else doing.exception()
    if error is None:
        return orjson.dumps({"result": doing.result()}) + b"\n"
    if not isinstance(error, Exception):
        return b""  # nobody is there any more
    return orjson.dumps({"error": orjson.loads(problem(error).body)}) + b"\n"
