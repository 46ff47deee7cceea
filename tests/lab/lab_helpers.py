"""What the tests of the lab share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from connetos_sdk.lab import Lab
from connetos_sdk.lab.namespaces import NAMESPACES, mounts_below

MakeLab = Callable[..., Lab]


def agent_is_installed() -> bool:
    spec = importlib.util.find_spec("connetos_agent")
    return spec is not None and importlib.util.find_spec("connetos_agent.__main__") is not None


def small_document(name: str, **extra: Any) -> dict[str, Any]:
    """Two switches, a cable between them, two hosts on the first."""
    return {
        "name": name,
        "switches": {"leaf1": {"ports": 4}, "leaf2": {"ports": 4}},
        "hosts": {
            "h1": {"link": "leaf1:te-1/1/1", "address": "198.18.10.1/24"},
            "h2": {"link": "leaf1:te-1/1/2", "address": "198.18.10.2/24", "gateway": "198.18.10.254"},
        },
        "links": [["leaf1:te-1/1/4", "leaf2:te-1/1/4"]],
        **extra,
    }


def traces(lab: Lab) -> list[str]:
    """Return everything that the machine still holds of a lab; an empty list after `down`."""
    names = [path.name for path in NAMESPACES.iterdir()] if NAMESPACES.is_dir() else []
    return [
        *(f"namespace {name}" for name in names if name.startswith(f"cn-{lab.topology.name}-")),
        *(f"process {pid}" for pid in lab.marker.find()),
        *(f"mount {path}" for path in mounts_below(lab.directory)),
        *(f"file {path}" for path in lab.root.glob(f"*{lab.topology.name}*") if lab.root.is_dir()),
    ]


def write_topology(lab: Lab, directory: Path) -> Path:
    path = directory / "lab.yaml"
    path.write_text(yaml.safe_dump(lab.topology.to_document()))
    return path
