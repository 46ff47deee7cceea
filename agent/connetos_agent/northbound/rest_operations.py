"""`POST /api/v1/rpc/<name>`: an operation, its result as one JSON document or, told as it goes, as lines of JSON.

With `Accept: application/x-ndjson` the answer is one object a line: `{"progress": ...}` as often as there is
something to tell, `{}` when there was nothing for a while, and at last `{"result": ...}` or `{"error": ...}`
(a problem document). With `Accept: application/vnd.tcpdump.pcap` the answer of `capture` is the file itself, as it comes.
The operation is cancelled when the client goes.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.http import Request, Response
from connetos_agent.northbound.problems import problem
from connetos_agent.services.operations import Operations
from connetos_sdk.model.operations import PCAP

NDJSON = "application/x-ndjson"
CAPTURE_FILE = "application/vnd.tcpdump.pcap"
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
    if CAPTURE_FILE in request.headers.get("accept", "") and name == "capture":
        return await _file(operations, request, caller, arguments)
    doing = asyncio.ensure_future(operations.call(caller, name, arguments))
    await _until_done_or_gone(doing, request)
    return Response(200, orjson.dumps(await doing))


async def _file(
    operations: Operations, request: Request, caller: Caller, arguments: Mapping[str, Any]
) -> Response:
    """The file of a capture; what goes wrong before it begins is answered as an error."""
    told: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(MAX_UNTOLD)
    doing = asyncio.ensure_future(operations.call(caller, "capture", arguments, told.put))
    first = asyncio.ensure_future(told.get())
    try:
        await asyncio.wait((first, doing), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            await doing
    except BaseException:
        doing.cancel()
        first.cancel()
        raise
    return Response(200, content_type=CAPTURE_FILE, stream=_pieces(request, doing, told, first))


async def _pieces(
    request: Request,
    doing: asyncio.Future[Any],
    told: asyncio.Queue[Mapping[str, Any]],
    following: asyncio.Future[Mapping[str, Any]],
) -> AsyncIterator[bytes]:
    watching = asyncio.ensure_future(_until_done_or_gone(doing, request))
    try:
        while not (doing.done() and told.empty() and not following.done()):
            await asyncio.wait((following, doing), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                yield base64.b64decode(following.result()[PCAP])
                following = asyncio.ensure_future(told.get())
                await asyncio.sleep(0)
    finally:
        following.cancel()
        doing.cancel()
        watching.cancel()


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
