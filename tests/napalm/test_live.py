"""NAPALM's own tests of getters against a switch on Open vSwitch."""

from __future__ import annotations

import json
import os
import re
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
NOT_THERE = {
    "test_get_arp_table_with_vrf", "test_get_bgp_config", "test_get_bgp_neighbors", "test_get_bgp_neighbors_detail",
    "test_get_firewall_policies", "test_get_ipv6_neighbors_table", "test_get_probes_config", "test_get_probes_results",
    "test_get_snmp_information",
}  # fmt: skip
"""Tests of what the switch doesn't have: the driver raises NotImplementedError, and the suite skips them."""


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
            sys.executable, "-m", "pytest", "-v", "-rA", "-p", "no:cacheprovider",
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
    for name in ("test_method_signatures", *IMPLEMENTED):
        assert f"PASSED tests/napalm/test_getters.py::TestGetters::{name}" in done.stdout, done.stdout
    assert set(re.findall(r"::TestGetters::(\w+)\S* SKIPPED", done.stdout)) == NOT_THERE
