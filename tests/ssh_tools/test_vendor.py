"""netmiko and scrapli at a vendor's switch, whose users land in Debian's shell and whose pager can't be told to go."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netmiko import ConnectHandler
from netmiko.exceptions import ConfigInvalidException, NetmikoTimeoutException

import connetos_sdk.integrations.netmiko as integration
from connetos_sdk.integrations.scrapli import connetos
from tests.contract.vendor import PASSWORD, USER, _Cli
from tests.ssh_tools.vendor_shell import VendorShell

WEB = "set vlans vlan-id 10 vlan-name web"


@pytest.fixture(params=[None, 2], ids=["standalone", "stack"])
def vendor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VendorShell]:
    vendor = VendorShell(tmp_path, request.param)
    yield vendor
    vendor.stop()


def access(vendor: VendorShell) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": vendor.port, "username": USER, "password": PASSWORD}


@pytest.fixture
def net(vendor: VendorShell) -> Iterator[integration.ConnetOSSSH]:
    with ConnectHandler(device_type="connetos", **access(vendor)) as connection:
        yield connection


def test_netmiko_looks(net: integration.ConnetOSSSH, vendor: VendorShell) -> None:
    assert net.find_prompt() == ("leaf-17>" if vendor.member is None else "leaf-17 2>")
    assert net.send_command("show version") == vendor.samples["show version"].rstrip("\n")
    rows = net.send_command("show vlans", use_textfsm=True)
    assert isinstance(rows, list) and [row["vlan_id"] for row in rows] == ["1", "210"]
    assert "is not recognized" in str(net.send_command("show bogus"))


def test_netmiko_has_the_pager_go_on(net: integration.ConnetOSSSH, vendor: VendorShell) -> None:
    whole, _ = _Cli(vendor).run("show running-config")
    assert whole.count("\n") > 30
    assert str(net.send_command("show running-config")).split("\n") == whole.rstrip("\n").split("\n")
    assert "classifier cls-a" in net.send_command_timing("show running-config") and vendor.keys == ["N", "N"]
    assert net.send_command("show running-config | no-more") == whole.rstrip("\n") and len(vendor.keys) == 2


def test_netmiko_changes(net: integration.ConnetOSSSH, vendor: VendorShell) -> None:
    net.send_config_set([WEB])
    assert net.check_config_mode() and 10 not in vendor.running["vlans"]["vlan-id"]
    net.commit(comment="ticket-42")
    assert not net.check_config_mode() and vendor.running["vlans"]["vlan-id"]["10"]["vlan-name"] == "web"
    net.send_config_set(["delete vlans vlan-id 10"])
    net.commit(confirm=True, confirm_delay=90)
    assert vendor.commits == ["commit comment ticket-42", "commit confirmed 90"]
    net.save_config()
    assert vendor.saved and net.find_prompt().endswith(">")


def test_what_a_vendors_switch_refuses(net: integration.ConnetOSSSH, vendor: VendorShell) -> None:
    with pytest.raises(ConfigInvalidException, match="is not valid"):
        net.send_config_set(["set vlans vlan-id 5000"])
    net.send_config_set([WEB])
    with pytest.raises(ValueError, match="the commit failed: syntax error"):
        net.commit(comment="ticket-42", confirm=True, confirm_delay=90)  # alternatives, as documented
    with pytest.raises(ValueError, match="uncommitted changes"):
        net.exit_config_mode()
    net.discard()
    assert net.find_prompt().endswith(">") and not vendor.commits


def test_netmiko_at_a_machine_that_is_no_switch(vendor: VendorShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ssh_tools.vendor_shell._Terminal._answer", no_such_command)
    with pytest.raises(NetmikoTimeoutException, match="`cli` starts no switch's command line there"):
        ConnectHandler(device_type="connetos", read_timeout_override=1, **access(vendor))


async def no_such_command(terminal: Any, line: str) -> None:
    terminal._show(f"-bash: {line}: command not found\n" if line else "")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")
def test_scrapli(vendor: VendorShell) -> None:
    with connetos(**access(vendor), known_hosts=vendor.known_hosts) as cli:
        assert cli.send_input("show version").result.strip() == vendor.samples["show version"].strip()
        assert "classifier cls-a" in cli.send_input("show running-config | no-more").result
        assert cli.send_input("show bogus").failed
        answer = cli.send_inputs([WEB, "commit comment ticket-42"], requested_mode="configuration")
        assert not answer.failed, answer.result
    assert vendor.commits == ["commit comment ticket-42"]


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")
def test_scrapli_asynchronously(vendor: VendorShell) -> None:
    async def work() -> str:
        async with connetos(**access(vendor), known_hosts=vendor.known_hosts) as cli:
            return (await cli.send_input_async("show version")).result

    assert "ConnetOS" in asyncio.run(work())
