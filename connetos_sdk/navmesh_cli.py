"""`connetos navmesh`: where a flow between two hosts goes across switches, and where it stops."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from connetos_sdk.errors import BadRequest, ConnetosError

if TYPE_CHECKING:
    from connetos_sdk.fleet import Fleet
    from connetos_sdk.navmesh.fabric import Fabric
    from connetos_sdk.navmesh.trips import FabricResult

_err = Console(stderr=True, highlight=False)

HOST = "a name of the lab, ADDRESS, MAC, SWITCH:PORT, ADDRESS@MAC or ADDRESS@SWITCH:PORT"
FROM_ENVIRONMENT = "CONNETOS_PASSWORD"

EXIT_NOT_DELIVERED = 3
"""Exit code when the answer is that the flow doesn't get there."""


def navmesh(  # noqa: PLR0917 - typer makes options of them
    source: Annotated[str, typer.Option("--from", metavar="HOST", help=f"The sender: {HOST}.")],
    destination: Annotated[str, typer.Option("--to", metavar="HOST", help="The receiver.")],
    switch: Annotated[
        list[str] | None,
        typer.Option("--switch", metavar="[NAME=]URL", help="A switch; may be given several times."),
    ] = None,
    inventory: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON file with the switches, as a lab writes inventory.json."),
    ] = None,
    lab: Annotated[
        str, typer.Option("--lab", metavar="NAME", help="A lab that is up; the one there is by default.")
    ] = "",
    user: Annotated[str, typer.Option("-u", "--user", help="User on the switches.")] = "",
    password: Annotated[
        str | None,
        typer.Option(
            envvar=FROM_ENVIRONMENT,
            help=f"Others on this machine can see it here: better use {FROM_ENVIRONMENT}, or wait to be asked.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate to trust instead of the system's.")
    ] = None,
    verify: Annotated[bool, typer.Option(help="Check the switches' certificates.")] = True,
    protocol: Annotated[str, typer.Option(help="tcp, udp, icmp, sctp or a number.")] = "tcp",
    source_port: Annotated[int, typer.Option(metavar="PORT", help="Source port.")] = 40000,
    port: Annotated[int, typer.Option(metavar="PORT", help="Destination port.")] = 443,
    one_way: Annotated[bool, typer.Option("--one-way", help="Don't follow the answers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the way into this file.")] = None,
) -> None:
    """Where does a flow go, and where does it stop, and which line of configuration is to blame.

    Exit code 0 when it gets there, 3 when it doesn't, 1 when that can't be found out.
    """
    from connetos_sdk.lab.errors import LabError
    from connetos_sdk.navmesh.picture import svg as draw
    from connetos_sdk.navmesh.text import lines
    from connetos_sdk.switch_options import fleet

    def ask(where: Fabric | Fleet) -> FabricResult:
        return where.navmesh(source, destination, protocol, source_port, port, both=not one_way)

    try:
        if switch or inventory:
            if lab:
                raise BadRequest("a lab's switches are those of its topology", hint="--lab or --switch")
            members = fleet(
                switch or (), inventory, user=user, password=password, ca_file=ca_file, verify=verify
            )
            answer = ask(members)
        else:
            with _of_lab(lab or _only_lab()) as fabric:
                answer = ask(fabric)
        if svg is not None:
            svg.write_text(draw(answer), "utf-8")
    except (ConnetosError, LabError, OSError) as error:
        _err.print(f"[bold red]error:[/] {error}")
        raise typer.Exit(1) from None
    print(json.dumps(answer.to_dict(), indent=2) if as_json else "\n".join(lines(answer)))
    if not answer.delivered:
        raise typer.Exit(EXIT_NOT_DELIVERED)


@contextlib.contextmanager
def _of_lab(name: str) -> Iterator[Fabric]:
    from connetos_sdk.lab.lab import Lab
    from connetos_sdk.navmesh.fabric import Fabric
    from connetos_sdk.switch import Switch

    running = Lab.named(name)
    with contextlib.ExitStack() as stack:
        yield Fabric.of_lab(
            running,
            {
                node.name: stack.enter_context(
                    Switch(node.url, username=node.username, password=node.password, ca_file=node.ca_file)
                )
                for node in running.switches
            },
        )


def _only_lab() -> str:
    from connetos_sdk.lab.lab import existing_labs

    names = existing_labs()
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConnetosError("no lab is up", hint="--switch, --inventory, or connetos lab up")
    raise ConnetosError("several labs are up", hint=f"--lab and one of {', '.join(names)}")
