"""scrapli at a live switch."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from scrapli import AuthOptions, Cli
from scrapli.exceptions import ScrapliException
from scrapli.transport import Ssh2Options

from connetos_sdk import Switch
from connetos_sdk.integrations.scrapli import DEFINITION, connetos
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.textfsm import DIRECTORY

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")
WEB = "set vlans vlan-id 10 vlan-name web"


@pytest.fixture
def cli(access: dict[str, Any], leaf: LabSwitch, switch: Switch) -> Iterator[Cli]:
    assert leaf.ssh is not None
    with connetos(**access, known_hosts=leaf.ssh.known_hosts) as cli:
        yield cli


def test_commands_and_their_failures(cli: Cli) -> None:
    answer = cli.send_input("show vlans")
    assert answer.result.startswith("Vlan ID   Tag") and not answer.failed
    assert cli.send_input("show bogus").failed


def test_long_text_isnt_paged(cli: Cli, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 1000:1999")
    text = cli.send_input("show running-config").result
    assert "--More--" not in text and text.count("vlan-id") > 1000


def test_a_change(cli: Cli, switch: Switch) -> None:
    answer = cli.send_inputs(
        [WEB, "edit vlans vlan-id 11", "set vlan-name db", "commit"], requested_mode="configuration"
    )
    assert not answer.failed, answer.result
    assert {10, 11} <= set(switch.vlans())
    assert cli.send_input("show vlans | match Vlan | count").result == "Count: 1 lines"


def test_leaving_configuration_mode_drops_what_isnt_committed(cli: Cli, switch: Switch) -> None:
    assert cli.send_inputs([WEB, "set vlans vlan-id 5000"], requested_mode="configuration").failed
    cli.enter_mode(requested_mode="exec")
    assert 10 not in switch.vlans()
    cli.enter_mode(requested_mode="configuration_exclusive")


def test_the_definition_with_another_transport(access: dict[str, Any], switch: Switch) -> None:
    auth = AuthOptions(username=access["username"], password=access["password"])
    with Cli(
        access["host"], port=access["port"], definition_file_or_name=str(DEFINITION),
        auth_options=auth, transport_options=Ssh2Options(),
    ) as cli:  # fmt: skip
        assert cli.send_input("show vlans").result.startswith("Vlan ID")


def test_asynchronously(access: dict[str, Any], leaf: LabSwitch, switch: Switch) -> None:
    async def one(number: int) -> str:
        assert leaf.ssh is not None
        async with connetos(**access, known_hosts=leaf.ssh.known_hosts) as cli:
            done = await cli.send_inputs_async(
                [f"set vlans vlan-id {number}", "commit"], requested_mode="configuration"
            )
            assert not done.failed, done.result
            await cli.enter_mode_async(requested_mode="exec")
            return (await cli.send_input_async(f"show vlans | match {number} | count")).result

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(one(number) for number in (3001, 3002, 3003)))

    assert asyncio.run(all_at_once()) == ["Count: 1 lines"] * 3
    assert {3001, 3002, 3003} <= set(switch.vlans())


def test_levels_of_the_configuration(cli: Cli, switch: Switch) -> None:
    done = cli.send_inputs(
        ["edit vlans vlan-id 10", "set vlan-name web", "top"], requested_mode="configuration"
    )
    assert not done.failed and cli.get_prompt().result.strip() == "leaf1#"
    assert not cli.send_input("commit", requested_mode="configuration").failed
    assert switch.vlans()[10].name == "web"


def test_rows_by_template(cli: Cli) -> None:
    template = DIRECTORY / "connetos_show_vlans.textfsm"
    rows = cli.send_input("show vlans").textfsm_parse(template=str(template))
    assert isinstance(rows, list) and rows[0]["vlan_id"] == "1"


def test_a_switch_that_isnt_there(access: dict[str, Any], leaf: LabSwitch) -> None:
    assert leaf.ssh is not None
    with (
        pytest.raises(ScrapliException),
        connetos(**{**access, "port": 1}, known_hosts=leaf.ssh.known_hosts),
    ):
        pass


def test_a_wrong_password(access: dict[str, Any], leaf: LabSwitch) -> None:
    assert leaf.ssh is not None
    with (
        pytest.raises(ScrapliException),
        connetos(**{**access, "password": "wrong"}, known_hosts=leaf.ssh.known_hosts),
    ):
        pass
