"""The switch's log: its lines, its files, and who is shown them."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent import switch_log
from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.states.system import Log
from connetos_agent.switch_log import SwitchLog
from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, InvalidValue, NotFound
from connetos_sdk.lab import Lab
from tests.cli.conftest import CommandLine, Open, cli, open_cli  # noqa: F401 - fixtures

LINE = re.compile(
    r"[A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d \S+ local[0-7]\.(fatal|error|warning|info|trace) : [^\n]*"
)


@pytest.fixture
def log(tmp_path: Path) -> SwitchLog:
    log = SwitchLog(tmp_path / "log", tmp_path / "nobody.sock")
    log.hostname = lambda: "leaf-17"
    return log


def configure(log: SwitchLog, facility: int, level: str) -> None:
    target = ObjectKey("log", "system")
    log.driver.apply([Step("log", target, None, Log(facility, level))])


def test_a_line_is_as_documented(log: SwitchLog) -> None:
    log.write("warning", "netops logined the switch cli")
    (line,) = log.last(5)
    assert re.fullmatch(
        r"[A-Z][a-z]{2} \d\d \d{4} [\d:]{8} leaf-17 local0.warning : netops logined the switch cli", line
    )


def test_less_severe_messages_than_configured_are_left_out(log: SwitchLog) -> None:
    configure(log, 4, "error")
    for level in switch_log.SEVERITIES:
        log.write(level, level)
    assert [line.split(" : ")[1] for line in log.last(9)] == ["fatal", "error"]
    assert all("local4." in line for line in log.last(9))


def test_messages_of_the_agent_are_logged_with_what_they_are_about(log: SwitchLog) -> None:
    logger = logging.getLogger("connetos_agent.test_log")
    logging.getLogger("connetos_agent").addHandler(log)
    try:
        logger.warning("login failed", extra={"user": "eve"})
        logger.info("not so important")
        configure(log, 0, "trace")
        logger.debug("small")
    finally:
        configure(log, 0, "warning")
        logging.getLogger("connetos_agent").removeHandler(log)
    assert [line.split(" : ")[1] for line in log.last(9)] == [
        "[1][test_log] login failed user=eve",
        "[1][test_log] small",
    ]


@given(st.text(max_size=3000))
def test_whatever_is_logged_is_one_line(text: str) -> None:
    seen: list[str] = []
    log = SwitchLog(Path("/nonexistent/log"), Path("/nonexistent/sock"))
    with log.listen(seen.append):
        log.write("warning", text)
    assert len(seen) == 1
    assert LINE.fullmatch(seen[0])
    assert len(seen[0]) < 2 * switch_log.MAX_TEXT


def test_files_are_bounded_and_the_newest_lines_are_found(
    log: SwitchLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_log, "MAX_FILE_BYTES", 1000)
    for number in range(200):
        log.write("warning", f"message {number}")
    assert [path.name for path in log.files] == ["messages", *(f"messages.{n}" for n in range(1, 5))][
        : len(log.files)
    ]
    assert len(log.files) <= switch_log.MAX_FILES
    assert sum(path.stat().st_size for path in log.files) <= 1100 * switch_log.MAX_FILES
    assert [line.split()[-1] for line in log.last(30)] == [str(n) for n in range(170, 200)]
    assert log.of_day(time.localtime())[-1].endswith("message 199")
    assert log.of_day(time.strptime("2018.2.9", "%Y.%m.%d")) == []


def test_files_are_cleared_by_name_or_all(log: SwitchLog) -> None:
    log.write("warning", "one")
    with pytest.raises(NotFound, match="no log file other"):
        log.clear("other")
    assert log.clear("messages") == ["messages"]
    assert log.last(5) == []
    assert log.clear("all") == []


def test_messages_are_passed_on_with_priority_and_time(log: SwitchLog, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as forwarder:
        forwarder.bind(str(tmp_path / "nobody.sock"))
        configure(log, 7, "warning")
        log.write("error", "fan 1 stands still")
        assert re.fullmatch(
            rb"<187>1 \d{4}-\d\d-\d\dT[\d:]{8}[+-]\d\d:\d\d leaf-17 connetos - - - fan 1 stands still",
            forwarder.recv(2000),
        )


def test_threads_don_t_mix_their_lines(log: SwitchLog) -> None:
    threads = [
        threading.Thread(target=lambda: [log.write("error", "x" * 500) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.last(1000)) == 200
    assert all(LINE.fullmatch(line) for line in log.last(1000))


# -- at a switch ------------------------------------------------------------------------------------------------


def test_every_command_is_logged_without_secrets(cli: CommandLine) -> None:  # noqa: F811
    cli("show version")
    cli("configure")
    cli("set system login user carol authentication plain-text-password open-sesame-7")
    cli('set system login user carol authentication "plain-text-password" open-sesame-8')
    cli("set system login user carol authentication 'plain-text-password' open-sesame-9")
    cli("exit discard")
    shown = cli("show syslog last-rows 20").text
    assert 'Executing command by root: "show version"' in shown
    assert "open-sesame" not in shown
    assert "plain-text-password ********" in shown
    assert all(LINE.fullmatch(line) for line in shown.splitlines())


def test_the_documented_commands(cli: CommandLine) -> None:  # noqa: F811
    today = time.strftime("%Y.%m.%d", time.gmtime())
    assert cli("show log last-rows 2").text.count("\n") == 2
    assert cli(f"show syslog date {today}").text.startswith(cli(f"show log date {today}").text[:50])
    assert not cli("show syslog date 2018.2.30").ok
    assert not cli("show syslog last-rows 0").ok
    assert cli("clear log messages").ok
    assert "log messages cleared by root" in cli("show log last-rows 5").text
    assert cli("clear log all").ok
    assert not cli("clear log nothing").ok


def test_the_log_over_rest(switch: Switch) -> None:
    assert len(switch.transport.call("log", {"rows": 1}, None)["lines"]) <= 1
    with pytest.raises(BadRequest, match="which lines"):
        switch.transport.call("log", {}, None)
    with pytest.raises((BadRequest, InvalidValue), match="no day"):
        switch.transport.call("log", {"date": "2018.13.1"}, None)


def test_a_monitor_shows_lines_until_it_is_switched_off(cli: CommandLine, open_cli: Open) -> None:  # noqa: F811
    other = open_cli()
    assert cli("syslog monitor on").ok
    other("show vlans")
    assert 'Executing command by root: "show vlans"' in cli("show host date").text
    cli("syslog monitor off")
    other("show vlans vlan-id 1")
    assert "show vlans vlan-id 1" not in cli("show host date").text
    assert not cli("syslog monitor perhaps").ok


def test_a_client_that_can_is_shown_lines_at_once(memory_lab: Lab, cli: CommandLine, open_cli: Open) -> None:  # noqa: F811
    assert cli.ask({"id": 5, "live": True}) == {"id": 5, "ok": True}
    cli.ask({"id": 6, "line": "syslog monitor on"})
    open_cli()("show vlans")
    seen = [cli.read()["live"], cli.read()["live"]]
    assert seen[0].endswith("root logined the switch cli")
    assert seen[1].endswith('Executing command by root: "show vlans"')
