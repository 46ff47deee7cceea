"""Automate ConnetOS switches from Python.

    from connetos_sdk import Switch

    with Switch("https://leaf1", username="ops", password=...) as switch:
        with switch.configure(comment="web tier") as change:
            change.set("vlans vlan-id 10 vlan-name web")
            print(change.diff())

What stands in `__all__` is the public surface; it is imported when first used, so that the agent, which
needs only the model, doesn't load the clients.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connetos_sdk.change import Change as Change
    from connetos_sdk.fleet import Fleet as Fleet
    from connetos_sdk.switch import Switch as Switch

    __version__: str

__all__ = ["Change", "Fleet", "Switch", "__version__"]

_HOMES = {"Fleet": "connetos_sdk.fleet", "Switch": "connetos_sdk.switch", "Change": "connetos_sdk.change"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("connetos-sdk")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
