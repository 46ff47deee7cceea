"""The operations of the configuration manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import BadRequest


def wanted_revision(manager: ConfigManager, arguments: Mapping[str, Any]) -> int:
    """The revision that `rollback` (how many commits back) or `revision` (its id) names.

    Raises:
        BadRequest, NotFound: neither or both are given, or there is no such revision.
    """
    if ("rollback" in arguments) == ("revision" in arguments):
        raise BadRequest("which revision isn't said", hint='give "rollback" (0 to 49) or "revision"')
    revision: int = (
        arguments["revision"] if "revision" in arguments else manager.revision_at(arguments["rollback"])
    )
    return revision


def add_operations(operations: Operations, manager: ConfigManager) -> None:
    """Add `confirm`, `cancel-confirmed`, `cancel-scheduled`, `rollback` and `save`."""

    async def confirm(caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        return {"revision": await manager.confirm(caller)}

    async def cancel(caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        return (await manager.cancel(caller)).to_dict()

    async def rollback(caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        options = CommitOptions(arguments["comment"], arguments.get("confirm"), arguments["dry_run"])
        return (await manager.rollback(caller, wanted_revision(manager, arguments), options)).to_dict()

    async def save(caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        await manager.save_startup(caller, arguments["source"])
        return {"saved": arguments["source"]}

    async def cancel_scheduled(caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        return manager.schedule.drop(caller).facts()

    operations.add("confirm", confirm)
    operations.add("cancel-scheduled", cancel_scheduled)
    operations.add("cancel-confirmed", cancel)
    operations.add("rollback", rollback)
    operations.add("save", save)
