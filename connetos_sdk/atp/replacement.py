"""Keeps the files of a plan's switches as the switches are configured, so that a new one takes over where one died."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connetos_sdk.atp.access import Connect, fleet, sdk_errors
from connetos_sdk.atp.provisioning import SIGNATURE, Provisioning, configuration_files, file_name
from connetos_sdk.errors import PreconditionFailed
from connetos_sdk.model.rules import ETH0
from connetos_sdk.model.setlines import format_set
from connetos_sdk.model.tree import effective
from connetos_sdk.results import Result

if TYPE_CHECKING:
    from connetos_sdk.atp.plan import Plan, PlannedSwitch
    from connetos_sdk.switch import Switch


@dataclass(frozen=True)
class Refreshed(Result):
    """What became of one switch's file.

    Attributes:
        name: of the switch.
        file: its configuration file.
        outcome: `written`, `same` (the file had that configuration already), or `kept`: there is a reason not to
            write, and what was there is there still.
        revision: whose configuration the file has; None when it was kept.
        reason: why it was kept; empty otherwise.
        warning: what should be looked after though it was written; empty in most cases.
    """

    name: str
    file: str
    outcome: Literal["written", "same", "kept"]
    revision: int | None = None
    reason: str = ""
    warning: str = ""


def refresh(
    plan: Plan,
    connect: Connect,
    directory: str | Path,
    *,
    only: Collection[str] = (),
    check: bool = False,
) -> list[Refreshed]:
    """Write the last committed configuration of each switch into the file that its replacement will fetch.

    A switch that can't be asked, has no configuration of its own, or waits for a commit to be confirmed keeps the file
    that it has. Files are whole at any moment: they are written beside their places, then renamed.

    Args:
        plan: which switches.
        connect: makes the connection to one of them (see `Access`), as a super-user: files have password hashes.
        directory: that the TFTP server serves.
        only: names of the switches to ask; all by default.
        check: only find out what would be written.

    Raises:
        NotFound: `only` names a switch that isn't in the plan.
        StorageFailed: a file can't be read or written.
    """
    found = fleet(plan, connect, only).run(_last_committed)
    kept = {name: str(error) for name, error in sdk_errors(found).items()}
    revisions: dict[str, int] = {}
    files: dict[str, bytes] = {}
    for name, outcome in found.done.items():
        if outcome.value is None:
            continue
        switch = plan.switches[name]
        revisions[name], document = outcome.value
        if reason := _foreign(switch, document):
            kept[name] = reason
        else:
            files.update(configuration_files(switch.management.ip, format_set(document).encode()))
    provisioning = Provisioning(files, (), ())
    changes = provisioning.changes(directory) if check else provisioning.write(directory)
    changed = {change.name for change in changes}
    rows = []
    for name in found.outcomes:
        file = file_name(plan.switches[name].management.ip)
        if name in kept:
            rows.append(Refreshed(name, file, "kept", reason=kept[name]))
        elif file in changed:
            warning = _stale_signature(Path(directory), file)
            rows.append(Refreshed(name, file, "written", revisions[name], warning=warning))
        else:
            rows.append(Refreshed(name, file, "same", revisions[name]))
    return rows


def _last_committed(switch: Switch) -> tuple[int, Mapping[str, Any]]:
    """The number and the document of the revision that is there to stay.

    Raises:
        PreconditionFailed: there is none.
    """
    system = switch.system()
    if system.confirm is not None:
        raise PreconditionFailed("a commit waits for its confirmation", hint="refresh again after it")
    revision = system.revision or 0
    document = switch.config(source=f"revision/{revision}", secrets=True) if revision else {}
    if not document:
        raise PreconditionFailed("it has no configuration yet")
    return revision, document


def _foreign(switch: PlannedSwitch, document: Mapping[str, Any]) -> str:
    """Why a configuration isn't one for this switch, which its replacement would refuse; empty if it is."""
    configured = IPv4Interface(str(effective(document, (*ETH0, "address"))))
    if configured.ip == switch.management.ip:
        return ""
    if int(configured.ip) == 0:
        if switch.mac and effective(document, (*ETH0, "dhcp", "enable")):
            return ""
        return f"its configuration has no management address, and the plan says {switch.management.ip}"
    return f"its management address is {configured.ip}, and the plan says {switch.management.ip}"


def _stale_signature(directory: Path, file: str) -> str:
    signature = f"{file}{SIGNATURE}"
    there = (directory / signature).exists()
    return f"{signature} is that of the file before: sign {file} again" if there else ""
