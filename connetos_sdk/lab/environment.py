"""From where the programs of a switch import this SDK and the agent, also in a bare checkout."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from connetos_sdk.lab.errors import LabError


def require_agent() -> None:
    """Make sure that the agent is installed beside the SDK.

    Raises:
        LabError: it is not.
    """
    _import_path()


def import_path_variable() -> str:
    """Return the value of PYTHONPATH for the programs of a switch.

    Raises:
        LabError: the agent is not installed.
    """
    inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry]
    return ":".join(dict.fromkeys([*_import_path(), *inherited]))


def _import_path() -> list[str]:
    sdk = Path(__file__).resolve().parents[2]
    spec = importlib.util.find_spec("connetos_agent")
    if spec is not None and spec.submodule_search_locations:
        return [str(sdk), str(Path(spec.submodule_search_locations[0]).parent)]
    if (sdk / "agent" / "connetos_agent").is_dir():
        return [str(sdk), str(sdk / "agent")]
    raise LabError("the switch agent is not installed", "pip install 'connetos-sdk[lab]'")
