"""Programs beside the agent: started, watched, adopted by the next agent, never twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_agent.dataplane.base import DriverError
from connetos_agent.services.daemons import Daemons, Program
from tests.waiting import until

SLEEP = Program("sleeper", ("sleep", "1000"))


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    made = Daemons(tmp_path)
    yield made
    made.stop("sleeper")
    made.close()


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_program_runs_until_it_is_stopped(daemons: Daemons) -> None:
    daemons.start(SLEEP)
    pid = daemons.pid("sleeper")
    assert pid is not None
    until(lambda: command(pid) == b"sleep\x001000\x00")
    assert daemons.state()["sleeper"]["pid"] == pid
    daemons.stop("sleeper")
    assert daemons.pid("sleeper") is None
    assert not Path(f"/proc/{pid}").exists()
    assert daemons.state() == {}


def test_starting_what_runs_changes_nothing_and_other_arguments_replace_it(daemons: Daemons) -> None:
    daemons.start(SLEEP)
    first = daemons.pid("sleeper")
    daemons.start(SLEEP)
    assert daemons.pid("sleeper") == first
    daemons.start(Program("sleeper", ("sleep", "2000")))
    assert daemons.pid("sleeper") not in (None, first)
    assert daemons.arguments("sleeper") == ("sleep", "2000")
    assert not Path(f"/proc/{first}").exists()


def test_what_ends_by_itself_is_started_again_and_says_so(daemons: Daemons) -> None:
    told: list[int] = []
    daemons.start(Program("sleeper", ("sleep", "1000"), restarted=lambda: told.append(1)))
    first = daemons.pid("sleeper")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: daemons.pid("sleeper") not in (None, first))
    until(lambda: told == [1])
    assert daemons.state()["sleeper"]["restarts"] == 1


def test_the_next_agent_adopts_the_program_and_watches_it(daemons: Daemons, tmp_path: Path) -> None:
    daemons.start(SLEEP)
    pid = daemons.pid("sleeper")
    assert pid is not None
    daemons.close()
    following = Daemons(tmp_path)
    try:
        following.start(SLEEP)
        assert following.pid("sleeper") == pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)  # the first agent is this process, too
        until(lambda: following.pid("sleeper") not in (None, pid))
    finally:
        following.stop("sleeper")
        following.close()


def test_an_agent_that_is_killed_leaves_one_program_to_adopt(tmp_path: Path) -> None:
    agent = (
        "import sys, os, signal; from pathlib import Path; from connetos_agent.services.daemons import *\n"
        f"Daemons(Path({str(tmp_path)!r})).start(Program('sleeper', ('sleep', '1000')))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", agent], check=False, timeout=60)
        assert done.returncode == -signal.SIGKILL
    following = Daemons(tmp_path)
    following.start(SLEEP)
    pid = following.pid("sleeper")
    following.stop("sleeper")
    following.close()
    assert pid is not None
    logs = (tmp_path / "daemons" / "sleeper.log").read_text()
    assert logs == ""


def test_without_a_record_the_program_never_begins(tmp_path: Path) -> None:
    """The agent dies between fork and record: what waits at the pipe sees its end and gives up."""
    from connetos_agent.services import daemons as module

    mark = tmp_path / "began"
    waiting = subprocess.Popen(
        ["/bin/sh", "-c", module._WAIT_FOR_RECORD, "x", "touch", str(mark)], stdin=subprocess.PIPE
    )
    assert waiting.stdin is not None
    waiting.stdin.close()
    assert waiting.wait(20) == 1
    assert not mark.exists()


def test_a_reused_process_id_is_not_the_program(daemons: Daemons, tmp_path: Path) -> None:
    daemons.start(SLEEP)
    pid = daemons.pid("sleeper")
    assert pid is not None
    record = tmp_path / "daemons" / "sleeper.json"
    time.sleep(0.05)  # another clock tick
    other = subprocess.Popen(["sleep", "1000"])
    try:
        record.write_text(record.read_text().replace(f'"pid": {pid}', f'"pid": {other.pid}'))
        assert daemons.pid("sleeper") is None
        daemons.stop("sleeper")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        os.kill(pid, signal.SIGKILL)


def test_a_program_that_cannot_run_says_why(daemons: Daemons) -> None:
    with pytest.raises(DriverError, match=r"sleeper ended at once: .*invalid time interval"):
        daemons.start(Program("sleeper", ("sleep", "x"), ready=lambda: False))
    with pytest.raises(DriverError, match=r"ended at once: .*not found"):
        daemons.start(Program("sleeper", ("/no/such/program",), ready=lambda: False))
    assert daemons.state() == {}


def test_children_of_a_program_end_with_it(daemons: Daemons, tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 1000 & echo $! > {child}; trap '' TERM; while :; do sleep 0.1; done"
    daemons.start(Program("sleeper", ("/bin/sh", "-c", script), ready=child.exists))
    until(lambda: child.read_text().strip() != "")
    pid = int(child.read_text())
    daemons.stop("sleeper")
    until(lambda: not Path(f"/proc/{pid}").exists() or b"sleep" not in command(pid))
