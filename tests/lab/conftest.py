"""Labs for tests: small, with a name of their own, and gone afterwards whatever happened."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from lab_helpers import MakeLab, agent_is_installed, small_document

from connetos_sdk.lab import Lab, Topology
from connetos_sdk.lab.processes import search_path

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _prerequisites(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs root")
    if request.node.get_closest_marker("ovs") and not shutil.which("ovs-vswitchd", path=search_path()):
        pytest.skip("needs Open vSwitch")


@pytest.fixture
def make_lab() -> Iterator[MakeLab]:
    """Return a function that makes labs (not yet up); every one is taken down at the end."""
    if not agent_is_installed():
        pytest.skip("the switch agent is not installed")
    labs: list[Lab] = []

    def make(**extra: Any) -> Lab:
        document = small_document(f"t{os.getpid()}-{next(_numbers)}", **extra)
        lab = Lab(Topology.from_document(document))
        labs.append(lab)
        return lab

    yield make
    for lab in labs:
        lab.down()
