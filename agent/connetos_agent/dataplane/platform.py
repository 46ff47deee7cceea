"""The hardware as the data plane sees it: front panel names and the network devices behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connetos_sdk.model.ranges import port_order


@dataclass(frozen=True)
class Platform:
    """A model of switch.

    Attributes:
        model: product name, for `show version`.
        ports: front panel name (`te-1/1/1`) to network device (`te-1-1-1`), in the order of the panel.
        management: network device of the management port `eth0`; None if there is none.
    """

    model: str = "generic"
    ports: Mapping[str, str] = field(default_factory=dict)
    management: str | None = None

    def described_ports(self) -> str:
        """The ports that there are, for messages: `te-1/1/1 to te-1/1/48`."""
        names = sorted(self.ports, key=port_order)
        return f"{names[0]} to {names[-1]}" if names else "none"
