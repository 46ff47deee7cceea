"""The façade at a terminal that somebody else holds, as Ansible's network_cli does; here netmiko holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from netmiko import ConnectHandler

import connetos_sdk.integrations.netmiko as integration
from connetos_sdk import Switch, errors
from connetos_sdk.transports.rcc.terminal import TerminalTransport, read, refused, unpaged
from connetos_sdk.wire.rcc import Mode

WEB = "set vlans vlan-id 10 vlan-name web"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"


@pytest.fixture
def net(access: dict[str, Any], switch: Switch) -> Iterator[integration.ConnetOSSSH]:
    with ConnectHandler(device_type="connetos", **access) as connection:
        yield connection


@pytest.fixture
def typed(net: integration.ConnetOSSSH) -> Callable[[str], str]:
    def typed(command: str) -> str:
        return str(
            net._send_command_str(
                command, expect_string=integration.PROMPT, strip_prompt=False, strip_command=True
            )
        )

    return typed


@pytest.fixture
def over(typed: Callable[[str], str]) -> Switch:
    return Switch(transport=TerminalTransport(lambda commands: [typed(command) for command in commands]))


def test_reading_and_changing(over: Switch, switch: Switch) -> None:
    assert over.apply_lines([WEB], comment="typed").changed
    assert over.config("vlans") == switch.config("vlans") and over.revision() == switch.revision()
    assert switch.revisions()[0].comment == "typed" == over.revisions()[0].comment
    assert not over.apply_lines([WEB]).changed
    assert over.cli("show vlans") == switch.cli("show vlans")
    assert over.config_text(form="set") == switch.config_text(form="set")
    assert over.rollback(1).changed and 10 not in switch.vlans()


def test_a_refused_change_changes_nothing_and_leaves_configuration_mode(
    over: Switch, switch: Switch, net: integration.ConnetOSSSH
) -> None:
    before = switch.revision()
    with pytest.raises(errors.BrokenReference, match="set vlans vlan-id 99 first"):
        over.apply_lines([WEB, BROKEN])
    with pytest.raises(errors.ConfigError, match="line 2: 5000 is outside 1 to 4094"):
        over.apply_lines([WEB, "set vlans vlan-id 5000"])
    assert switch.revision() == before and net.find_prompt() == "leaf1>"


def test_a_change_on_top_of_a_revision(over: Switch, switch: Switch) -> None:
    revision = over.revision()
    assert over.apply_lines([WEB], if_revision=revision).changed
    with pytest.raises(errors.PreconditionFailed, match=f"not {revision}"):
        over.apply_lines(["set vlans vlan-id 11"], if_revision=revision)
    assert 11 not in switch.vlans()


def test_there_is_one_command_line(over: Switch, net: integration.ConnetOSSSH, switch: Switch) -> None:
    session = over.transport.open_session(exclusive=True)
    over.transport.edit(session, "lines", (), WEB)
    assert "vlan-name" in over.transport.session_diff(session, "text")
    with pytest.raises(errors.Unsupported, match="a candidate occupies"):
        over.config()
    over.close()
    assert net.find_prompt() == "leaf1>" and 10 not in switch.vlans()
    with switch.configure(exclusive=True):
        pass  # the candidate is gone


@pytest.mark.parametrize("failure", [errors.Unreachable("it is gone"), TimeoutError("no prompt"), None])
@pytest.mark.parametrize("at", ["configure exclusive", WEB, "compare"])
def test_an_answer_that_does_not_come_leaves_no_candidate(
    at: str,
    failure: Exception | None,
    typed: Callable[[str], str],
    net: integration.ConnetOSSSH,
    switch: Switch,
) -> None:
    asked: list[str] = []

    def losing(commands: Sequence[str]) -> list[str]:
        answers = []
        for command in commands:
            asked.append(command)
            answers.append(typed(command))
            if command.startswith(at):
                if failure:
                    raise failure
                answers[-1] = "Waiting for "
        return answers

    over = Switch(transport=TerminalTransport(losing))
    revision = over.revision()
    with pytest.raises(type(failure) if failure else errors.ProtocolError) as caught:
        over.apply_lines([WEB], if_revision=revision)
    assert failure in (None, caught.value)
    assert asked.count("exit discard") == 1 and net.find_prompt() == "leaf1>"
    with switch.configure(exclusive=True) as change:
        assert not change.diff() and 10 not in switch.vlans()
    with pytest.raises(errors.ProtocolError, match="connect anew"):
        over.revision()
    over.close()
    assert asked[-1] == "exit discard"


@pytest.mark.parametrize(
    ("typed", "text", "mode"),
    [
        ("one\ntwo\nleaf1> ", "one\ntwo\n", Mode.OPERATIONAL),
        ("leaf1# ", "", Mode.CONFIGURE),
        ("text\n[edit vlans]\nleaf-1.lab# ", "text\n", Mode.CONFIGURE),
        ("a > b\nleaf1 2> ", "a > b\n", Mode.OPERATIONAL),
    ],
)
def test_prompts(typed: str, text: str, mode: Mode) -> None:
    found = read("show vlans", typed)
    assert (found.text, found.mode, found.success) == (text, mode, True)


def test_an_answer_without_a_prompt() -> None:
    with pytest.raises(errors.ProtocolError, match="no prompt"):
        read("show vlans", "Are you sure (yes/no)? ")


@pytest.mark.parametrize(
    ("command", "text", "is_refused"),
    [
        ("show bogus", 'syntax error, command "bogus" is not recognized.', True),
        ("show log", "Nov 21 started\nERROR: of somebody else", False),
        ("commit", "Waiting for merging configuration.\nERROR: vlans: no", True),
        ("delete vlans vlan-id 9", "Deleting: \n    vlan-id 9\nOK ", False),
        ("commit | display json", '{"code": "config-error", "problems": []}', True),
        ("show state | display json", '{"problems": [], "code": "x", "more": 1}', False),
    ],
)
def test_refusals(command: str, text: str, is_refused: bool) -> None:
    assert refused(command, text) is is_refused


def test_long_text_isnt_cut_into_screens() -> None:
    assert unpaged("show vlans") == "show vlans | no-more"
    assert unpaged("show vlans | hold") == "show vlans | hold"
    assert unpaged(WEB) == WEB and unpaged("configure") == "configure"
