"""`get_optics` of what the agent reads from the memory of modules."""

from __future__ import annotations

from typing import Any

from connetos_agent.machine import optics
from connetos_sdk import Switch
from napalm_connetos import ConnetOSDriver
from tests.agent.test_machine import sfp


class Modules:
    """A transport that tells the modules of a switch; lab switches have none."""

    def __init__(self, **memory: bytes) -> None:
        self.found = {
            name.replace("_", "/").replace("/", "-", 1): vars(optics.parse(optics.SFF_8472, data))
            for name, data in memory.items()
        }

    def read_state(self, path: tuple[str, ...]) -> Any:
        assert path == ("system", "ddm")
        return self.found

    def close(self) -> None:
        pass


def test_optics() -> None:
    silent, dark = sfp(), sfp()
    silent[92] = 0  # measures nothing
    dark[360:362] = bytes(2)  # receives no light
    device = ConnetOSDriver("leaf1", "admin", "")
    device._opened = Switch(
        transport=Modules(te_1_1_3=bytes(sfp()), te_1_1_4=bytes(silent), te_1_1_5=bytes(dark))
    )  # type: ignore[arg-type]
    found = device.get_optics()
    (channel,) = found["te-1/1/3"]["physical_channels"]["channel"]  # type: ignore[typeddict-item]
    state = channel["state"]
    assert channel["index"] == 0
    assert round(state["output_power"]["instant"], 2) == -2.0
    assert round(state["input_power"]["instant"], 2) == -3.0
    assert state["laser_bias_current"] == {"instant": 6.0, "avg": -1.0, "min": -1.0, "max": -1.0}
    assert found["te-1/1/4"] == {"physical_channels": {"channel": []}}
    (channel,) = found["te-1/1/5"]["physical_channels"]["channel"]  # type: ignore[typeddict-item]
    assert channel["state"]["input_power"]["instant"] == -100.0
