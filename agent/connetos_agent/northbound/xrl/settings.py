"""Settings of the XRL surface: table `[xrl]` of /etc/connetos/agent.toml."""

from __future__ import annotations

from dataclasses import dataclass

Address = tuple[str, int]
"""Host and TCP port."""

CLASSES = ("connetos", "fea", "rib")
"""Names under which the agent is known at its own finder: its own, and those that XORP's scripts use."""


@dataclass(frozen=True)
class XrlSettings:
    """How this agent speaks XRL.

    Everything stays on the loopback interface unless an address here says otherwise. XRL has no passwords:
    whoever reaches a listener from the switch itself may change the configuration, others that are permitted
    may read it.

    Attributes:
        enabled: whether to speak XRL at all.
        finder_listen: where the agent's own finder listens; None when there is to be none.
        stcp_listen: where XRLs are answered; port 0 takes any free one, as XORP's processes do.
        classes: target classes registered at the own finder.
        finders: finders of others at which the agent registers, too.
        finder_classes: target classes registered there; `fea` and `rib` there are XORP's own.
        permitted: addresses and networks (CIDR) besides the switch itself that may connect; they may only read.
    """

    enabled: bool = False
    finder_listen: Address | None = ("127.0.0.1", 19999)
    stcp_listen: Address = ("127.0.0.1", 0)
    classes: tuple[str, ...] = CLASSES
    finders: tuple[Address, ...] = ()
    finder_classes: tuple[str, ...] = ("connetos",)
    permitted: tuple[str, ...] = ()
