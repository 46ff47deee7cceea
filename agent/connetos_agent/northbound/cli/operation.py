"""The operation `cli`: one operational command for those who come without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.cli.answers import Mode
from connetos_agent.northbound.cli.session import CliSession
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import BadRequest

STATEFUL = ("configure", "exit", "quit")
"""Commands that only mean something to whoever stays."""


def add_operation(operations: Operations, open_session: Callable[[Caller], CliSession]) -> None:
    """Add `cli`. A command may do what its user may do at the switch's CLI."""

    async def cli(caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        command = arguments["command"].strip()
        if command.split(maxsplit=1)[:1] in [[word] for word in STATEFUL]:
            raise BadRequest(
                f"{command.split()[0]} isn't an operational command",
                hint="change the configuration with config/ or sessions/",
            )
        session = open_session(caller)
        try:
            answer = await session.run(command)
            if session.mode != Mode.OPERATIONAL or answer.ended:
                raise BadRequest("only operational commands can be run here")
        finally:
            session.close()
        if not answer.ok:
            raise BadRequest(answer.text.strip())
        return {"text": answer.text}

    operations.add("cli", cli)
