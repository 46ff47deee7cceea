"""What the planner asks a rack that is coming up: how far it is, how it is cabled, and what replacements shall have."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from connetos_sdk import Switch
from connetos_sdk.atp import Access, Plan, PlannedSwitch, Refreshed, SwitchProgress, cabling, refresh, status
from connetos_sdk.cabling import End
from connetos_sdk.errors import NotFound
from connetos_sdk.lab import Lab
from connetos_sdk.model.text import parse_document
from tests.conftest import ROOT, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs
LEAF1 = "198.18.255.21_yunqi.cfg"
TOPOLOGY = """
name: atp-live-{pid}
dataplane: openvswitch
provisioning: {{}}
switches:
  spine1: {{ports: 8, management: 198.18.255.11/24}}
  leaf1: {{ports: 8, management: 198.18.255.31/24, blank: true}}
  leaf2: {{ports: 8, management: 198.18.255.32/24, blank: true}}
  leaf3: {{ports: 8, management: 198.18.255.33/24, blank: true}}
links:
  - [spine1:te-1/1/1, leaf1:te-1/1/1]
  - [spine1:te-1/1/5, leaf2:te-1/1/1]
"""
"""As planned but for leaf2, which is at the wrong port, and leaf3, which nobody has cabled."""


@dataclass(frozen=True)
class Site:
    """The plan, the rack, and the directory of the TFTP server."""

    plan: Plan
    lab: Lab

    @property
    def tftp(self) -> Path:
        assert self.lab.provisioning is not None
        return self.lab.provisioning.files

    def at(self, switch: PlannedSwitch) -> Switch:
        """A connection as root on the switch itself."""
        return Switch(self.lab.switch(switch.name).local_url, timeout_s=20)

    def status(self) -> dict[str, SwitchProgress]:
        return {row.name: row for row in status(self.plan, self.at)}

    def refresh(self, *only: str, check: bool = False) -> dict[str, Refreshed]:
        return {row.name: row for row in refresh(self.plan, self.at, self.tftp, only=only, check=check)}

    def command(self, *words: str, password: str = "rack-in-a-lab") -> CompletedProcess[str]:  # noqa: S107
        """`connetos atp …` on a machine in the management network."""
        program = str(Path(sys.executable).with_name("connetos"))
        subcommand, *rest = words
        return self.lab.node("mgmt").run(
            ["env", f"CONNETOS_PASSWORD={password}", "COLUMNS=200", program, "atp", subcommand,
             str(self.plan.source), "--user", "ops", *self.trust(), *rest], timeout=90)  # fmt: skip

    def trust(self) -> list[str]:
        """The certificates of all switches in one file, as they were made before a switch had a name or an address."""
        file = self.plan.source.with_name("rack.pem")
        file.write_text(
            "".join(switch.ca_file.read_text() for switch in map(self.lab.switch, self.plan.switches))
        )
        return ["--ca-file", str(file)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "examples/atp", directory / "plan")
    plan = Plan.load(directory / "plan/rack.yaml")
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), directory)) as lab:
        site = Site(plan, lab)
        plan.build().write(site.tftp)
        with site.at(plan.switches["spine1"]) as spine:
            spine.apply_lines((site.tftp / "198.18.255.11_yunqi.cfg").read_text())
        until(lambda: site.status()["leaf1"].ready, site.status)
        yield site


def test_status_tells_who_is_ready_and_who_is_not(site: Site) -> None:
    rows = site.status()
    leaf1 = rows["leaf1"]
    assert (leaf1.state, leaf1.reason, leaf1.method, leaf1.file) == ("SUCCESS", "", "lldp", LEAF1)
    assert (leaf1.hostname, leaf1.address, leaf1.revision) == ("leaf1", "198.18.255.21", 2)
    assert rows["spine1"].ready
    assert rows["spine1"].reason == "the switch has a configuration"
    assert rows["leaf2"].state == "ADDRESS_COLLECTING"
    assert rows["leaf2"].running
    assert not rows["leaf2"].ready


def test_status_over_the_management_network(site: Site) -> None:
    done = site.command("status", "--json")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 3
    assert rows["leaf1"]["state"] == "SUCCESS"
    assert rows["leaf2"]["state"] == "no answer"
    assert "198.18.255.22 can't be reached" in rows["leaf2"]["reason"]
    text = site.command("status").stdout
    assert "leaf1            198.18.255.21    SUCCESS\n" in text
    assert "leaf2            198.18.255.22    no answer" in text


def test_a_switch_that_is_not_trusted_is_no_answer_unless_that_does_not_matter(site: Site) -> None:
    stranger = str(site.lab.switch("leaf2").ca_file)
    assert (
        "the certificate of 198.18.255.21 isn't trusted"
        in site.command("status", "--ca-file", stranger).stdout
    )
    text = site.command("status", "--ca-file", stranger, "--insecure").stdout
    assert "leaf1            198.18.255.21    SUCCESS\n" in text


def test_a_wrong_password_is_no_answer(site: Site) -> None:
    done = site.command("status", password="in-clear")
    assert done.returncode == 3
    assert (
        "leaf1            198.18.255.21    no answer           user name or password is wrong" in done.stdout
    )
    assert "in-clear" not in done.stdout + done.stderr


def test_cables_that_are_not_as_planned(site: Site) -> None:
    report = cabling(site.plan, site.at)
    assert [difference.text for difference in report.differences] == [
        "leaf2:te-1/1/1 is cabled to spine1:te-1/1/5, planned is spine1:te-1/1/2",
        "spine1:te-1/1/3 hears no neighbour, planned is leaf3:te-1/1/1",
    ]
    wrong = next(d for d in report.differences if d.kind == "elsewhere")
    assert (wrong.at, wrong.found, wrong.planned) == (
        End("leaf2", "te-1/1/1"), End("spine1", "te-1/1/5"), End("spine1", "te-1/1/2"))  # fmt: skip
    assert report.confirmed == 1
    assert report.silent == {}
    assert not report.as_planned


def test_cables_of_switches_that_do_not_answer(site: Site) -> None:
    done = site.command("cabling")
    assert done.returncode == 3
    assert "spine1:te-1/1/3 hears no neighbour, planned is leaf3:te-1/1/1\n" in done.stdout
    assert "1 of 3 cables as planned" in done.stdout
    assert "leaf2 can't be asked: " in done.stderr


def test_a_changed_switch_has_its_file_refreshed(site: Site) -> None:
    with site.at(site.plan.switches["leaf1"]) as leaf1:
        leaf1.apply_lines("set vlans vlan-id 77 vlan-name late")
        revision = leaf1.revision()
        assert site.refresh("leaf1", check=True)["leaf1"].outcome == "written"
        assert "late" not in (site.tftp / LEAF1).read_text()
        row = site.refresh("leaf1")["leaf1"]
        assert row == Refreshed("leaf1", LEAF1, "written", revision)
        text = (site.tftp / LEAF1).read_text()
        assert parse_document(text) == leaf1.config(secrets=True)
        assert "$6$" in text
        assert not list(site.tftp.glob(".*"))
        assert site.refresh("leaf1")["leaf1"].outcome == "same"


def test_who_can_not_be_asked_keeps_the_file(site: Site) -> None:
    before = {path.name: path.read_bytes() for path in site.tftp.iterdir()}
    done = site.command("refresh", "--out", str(site.tftp))
    assert done.returncode == 3
    assert "warning: leaf2: 198.18.255.22_yunqi.cfg is kept: 198.18.255.22 can't be reached" in done.stderr
    assert "leaf1: 198.18.255.21_yunqi.cfg as it should be" in done.stdout
    assert (site.tftp / "198.18.255.22_yunqi.cfg").read_bytes() == before["198.18.255.22_yunqi.cfg"]


def test_a_switch_without_configuration_keeps_the_file(site: Site) -> None:
    before = (site.tftp / "198.18.255.22_yunqi.cfg").read_bytes()
    row = site.refresh("leaf2")["leaf2"]
    assert (row.outcome, row.reason) == ("kept", "it has no configuration yet")
    assert (site.tftp / "198.18.255.22_yunqi.cfg").read_bytes() == before


def test_a_commit_that_waits_for_its_confirmation_is_not_the_last_word(site: Site) -> None:
    with site.at(site.plan.switches["leaf1"]) as leaf1:
        leaf1.apply_lines("set vlans vlan-id 78", confirm=60)
        try:
            row = site.refresh("leaf1")["leaf1"]
        finally:
            leaf1.cancel_confirmed()
    assert row.outcome == "kept"
    assert "a commit waits for its confirmation" in row.reason
    assert "78" not in (site.tftp / LEAF1).read_text()


def test_a_configuration_with_another_address_is_not_for_the_replacement(site: Site) -> None:
    moved = replace(site.plan.switches["leaf1"], management=site.plan.switches["leaf2"].management)
    plan = replace(site.plan, switches={"leaf1": moved})
    row = refresh(plan, site.at, site.tftp)[0]
    assert row.outcome == "kept"
    assert row.reason == "its management address is 198.18.255.21, and the plan says 198.18.255.22"


def test_a_signature_that_is_out_of_date_is_told(site: Site) -> None:
    signature = site.tftp / f"{LEAF1}.sig"
    signature.write_bytes(b"old")
    try:
        with site.at(site.plan.switches["leaf1"]) as leaf1:
            leaf1.apply_lines("set vlans vlan-id 79")
        assert (
            site.refresh("leaf1")["leaf1"].warning
            == f"{LEAF1}.sig is that of the file before: sign {LEAF1} again"
        )
    finally:
        signature.unlink()


def test_a_switch_that_the_plan_does_not_have(site: Site) -> None:
    with pytest.raises(NotFound, match="the plan has no switch leaf9"):
        site.refresh("leaf9")


def test_no_password_is_ever_shown() -> None:
    assert "secret" not in repr(Access("ops", "secret"))
