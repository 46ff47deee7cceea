"""NAPALM's own tests of getters against a switch on Open vSwitch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.napalm.conftest import LIVE, SOMETHING, arguments
from tests.napalm.recorded import DATA
from tests.waiting import until

IMPLEMENTED = sorted(folder.name for folder in DATA.iterdir())


@pytest.mark.ovs
def test_getters_of_a_live_switch(two_leaves: Lab, leaves: tuple[Switch, Switch]) -> None:
    leaves[0].apply_lines(SOMETHING)
    leaves[0].save()
    for leaf in leaves:
        leaf.apply_lines(LIVE)
    until(leaves[0].lldp_neighbors)
    assert two_leaves.host("h1").ping("198.18.10.254")
    given = arguments(two_leaves.switch("leaf1"))
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider",
            str(Path(__file__).with_name("test_getters.py")),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
        env={
            **os.environ, "CI": "", "NAPALM_TEST_MOCK": "0", "NAPALM_HOSTNAME": given["hostname"],
            "NAPALM_USERNAME": given["username"], "NAPALM_PASSWORD": given["password"],
            "NAPALM_OPTIONAL_ARGS": json.dumps(given["optional_args"]),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lldp = ("test_get_lldp_neighbors", "test_get_lldp_neighbors_detail")
    for name in ("test_method_signatures", "test_is_alive", *lldp, *IMPLEMENTED):
        assert f"PASSED tests/napalm/test_getters.py::TestGetters::{name}" in done.stdout, done.stdout
