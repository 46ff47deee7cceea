"""The `napalm` program at a live switch."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab.lab import LabSwitch

WEB = "set vlans vlan-id 10 vlan-name web\n"


class Program:
    """`napalm` as a user calls it for one switch."""

    def __init__(self, leaf: LabSwitch, folder: Path) -> None:
        self.folder, self.password = folder, leaf.password
        options = f"port={urlsplit(leaf.url).port},ca_file='{leaf.ca_file}'"
        self.arguments = [
            str(Path(sys.executable).with_name("napalm")), "127.0.0.1", "--vendor", "connetos",
            "--user", leaf.username, "--password", leaf.password, "--optional_args", options,
        ]  # fmt: skip

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.arguments, *words],
            cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert self.password not in done.stdout + done.stderr
        return done

    def __call__(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def data(self, *words: str) -> Any:
        return json.loads(self(*words))


@pytest.fixture
def napalm(leaf: LabSwitch, switch: Switch, tmp_path: Path) -> Program:
    return Program(leaf, tmp_path)


def test_the_driver_has_the_version_of_its_distribution() -> None:
    assert version("napalm_connetos") == version("connetos-sdk")  # the program ends without it


def test_call(napalm: Program, switch: Switch) -> None:
    facts = napalm.data("call", "get_facts")
    assert (facts["hostname"], facts["vendor"]) == ("leaf1", "ConnetOS")
    assert napalm.data("call", "get_arp_table", "--method-kwargs", "vrf='default'") == []
    assert "$6$" not in str(napalm.data("call", "get_config", "-k", "sanitized=True,retrieve='running'"))
    assert list(napalm.data("call", "cli", "-k", "commands=['show vlans']")) == ["show vlans"]


def test_configure(napalm: Program, switch: Switch) -> None:
    (napalm.folder / "web.conf").write_text(WEB)
    merge = ("configure", "web.conf", "--strategy", "merge")
    assert '+       vlan-name: "web"' in napalm(*merge, "--dry-run")
    assert 10 not in switch.vlans()
    napalm(*merge)
    assert switch.vlans()[10].name == "web"
    assert napalm(*merge).strip() == ""
    (napalm.folder / "whole.conf").write_text(napalm.data("call", "get_config")["running"])
    switch.apply_lines("set vlans vlan-id 11")
    assert "-   vlan-id 11" in napalm("configure", "whole.conf", "--strategy", "replace")
    assert 11 not in switch.vlans()


def test_validate(napalm: Program, switch: Switch) -> None:
    (napalm.folder / "wanted.yml").write_text("- get_vlans:\n    '10': {name: web}\n")
    assert not napalm.data("validate", "wanted.yml")["complies"]
    switch.apply_lines(WEB)
    assert napalm.data("validate", "wanted.yml")["complies"]


def test_debugging_shows_no_password(napalm: Program) -> None:
    done = napalm.run("--debug", "call", "is_alive")
    assert done.returncode == 0 and '"is_alive": true' in done.stdout
    assert "open - Successful" in done.stdout


def test_what_goes_wrong_is_told(napalm: Program, switch: Switch) -> None:
    (napalm.folder / "bad.conf").write_text("set vlans vlan-id 5000\n")
    done = napalm.run("configure", "bad.conf", "--strategy", "merge")
    assert done.returncode != 0 and "MergeConfigException" in done.stderr and "5000" in done.stderr
    napalm.arguments[napalm.arguments.index("--password") + 1] = "wrong"
    done = napalm.run("call", "get_facts")
    assert done.returncode != 0 and "ConnectAuthError" in done.stderr
