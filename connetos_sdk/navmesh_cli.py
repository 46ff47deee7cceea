"""`connetos navmesh`: where a flow between two hosts goes across the switches of a lab, and where it stops."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connetos_sdk.errors import ConnetosError

_err = Console(stderr=True, highlight=False)

EXIT_NOT_DELIVERED = 3
"""Exit code when the answer is that the flow doesn't get there."""


def navmesh(  # noqa: PLR0917 - typer makes options of them
    source: Annotated[str, typer.Option("--from", metavar="HOST", help="Name or address of the sender.")],
    destination: Annotated[
        str, typer.Option("--to", metavar="HOST", help="Name or address of the receiver.")
    ],
    lab: Annotated[
        str, typer.Option("--lab", metavar="NAME", help="The lab; needed if several are up.")
    ] = "",
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
    from connetos_sdk.lab.lab import Lab
    from connetos_sdk.navmesh.fabric import Fabric
    from connetos_sdk.navmesh.picture import svg as draw
    from connetos_sdk.navmesh.text import lines
    from connetos_sdk.switch import Switch

    try:
        running = Lab.named(lab or _only_lab())
        with contextlib.ExitStack() as stack:
            switches = {
                node.name: stack.enter_context(
                    Switch(node.url, username=node.username, password=node.password, ca_file=node.ca_file)
                )
                for node in running.switches
            }
            fabric = Fabric.of_lab(running, switches)
            answer = fabric.navmesh(source, destination, protocol, source_port, port, both=not one_way)
        if svg is not None:
            svg.write_text(draw(answer), "utf-8")
    except (ConnetosError, LabError, OSError) as error:
        _err.print(f"[bold red]error:[/] {error}")
        raise typer.Exit(1) from None
    print(json.dumps(answer.to_dict(), indent=2) if as_json else "\n".join(lines(answer)))
    if not answer.delivered:
        raise typer.Exit(EXIT_NOT_DELIVERED)


def _only_lab() -> str:
    from connetos_sdk.lab.lab import existing_labs

    names = existing_labs()
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConnetosError("no lab is up", hint="connetos lab up")
    raise ConnetosError("several labs are up", hint=f"--lab and one of {', '.join(names)}")
