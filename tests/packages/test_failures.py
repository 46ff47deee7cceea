"""What can go wrong, with real apt and dpkg: each time a clear error, and a system as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk.errors import AgentStopping, ConnetosError, Locked, NotFound, PackageError, PackageRefused
from connetos_sdk.packages import Transaction
from tests.conftest import connect
from tests.packages.conftest import Box
from tests.packages.debian import Key, Repository, build, served
from tests.waiting import until

pytestmark = pytest.mark.root


def test_a_broken_script_of_a_new_package(box: Box) -> None:
    error = box.refused(lambda: box.packages.install("broken"))
    assert isinstance(error, PackageError)
    assert "broken" in error.reason and "post-installation" in error.reason
    assert "the packages from before are back" in error.reason
    assert box.root.version("good") is None  # what came with it is gone, too
    assert box.packages.history(1)[0].state == "failed"


def test_a_broken_script_of_a_newer_version(box: Box) -> None:
    box.packages.install("service=1.0")
    error = box.refused(lambda: box.packages.upgrade("service"))
    assert "service" in error.reason
    assert box.root.version("service") == "1.0"
    assert (box.root.path / "usr/share/service/version").read_text() == "service 1.0\n"


def test_a_dependency_that_nobody_has(box: Box) -> None:
    error = box.refused(lambda: box.packages.install("lonely"))
    assert "lonely : Depends: nowhere (>= 2) but it is not installable" in error.reason
    assert error.hint == "a repository with that package is needed"


def test_a_file_that_another_package_has(box: Box) -> None:
    box.packages.install("good")
    error = box.refused(lambda: box.packages.install("clash"))
    assert "/usr/share/good/version" in error.reason and "good" in error.reason
    assert "remove the other one" in error.hint


def test_a_package_that_isnt_there(box: Box) -> None:
    error = box.refused(lambda: box.packages.install("nosuch"))
    assert "Unable to locate package nosuch" in error.reason
    assert "search" in error.hint
    error = box.refused(lambda: box.packages.install("good=9"))
    assert "good" in error.reason


def test_a_repository_signed_by_somebody_else(bare: Box, repository: Repository, tmp_path: Path) -> None:
    other = Key(Path("/tmp") / f"connetos-other-{os.getpid()}")
    try:
        error = bare.refused(
            lambda: bare.packages.add_repository(
                "tests", [repository.url], ["stable"], ["main"], key=other.armoured
            )
        )
    finally:
        other.close()
    assert "NO_PUBKEY" in error.reason or "not signed" in error.reason
    assert bare.packages.repositories() == []


def test_a_repository_whose_lists_were_changed(bare: Box, key: Key, tmp_path: Path) -> None:
    with served(tmp_path, key) as repository:
        build(repository.pool, "good")
        repository.publish()
        signed = tmp_path / "dists/stable/InRelease"
        signed.write_text(signed.read_text().replace("main", "evil"))
        error = bare.refused(
            lambda: bare.packages.add_repository(
                "x", [repository.url], ["stable"], ["main"], key=key.armoured
            )
        )
    assert "BADSIG" in error.reason or "signature" in error.reason


def test_a_repository_that_has_expired(bare: Box, key: Key, tmp_path: Path) -> None:
    with served(tmp_path, key) as repository:
        build(repository.pool, "good")
        repository.publish()
        bare.packages.add_repository("x", [repository.url], ["stable"], ["main"], key=key.armoured)
        repository.publish(valid_for_s=-60)
        error = bare.refused(bare.packages.update)
        assert "expired" in error.reason
        assert "clock" in error.hint


def test_a_package_that_isnt_what_the_repository_says(bare: Box, key: Key, tmp_path: Path) -> None:
    with served(tmp_path, key) as repository:
        made = build(repository.pool, "good")
        repository.publish()
        bare.packages.add_repository("x", [repository.url], ["stable"], ["main"], key=key.armoured)
        made.write_bytes(made.read_bytes()[:-1] + b"x")
        error = bare.refused(lambda: bare.packages.install("good"))
    assert "Hash Sum mismatch" in error.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "not a key"}, "public key"),
        ({"uris": ["ftp://host/x"]}, "right form"),
        ({"uris": ["http://user:secret@host/x"]}, "password"),
        ({"uris": ["http://host/x\nTrusted: yes"]}, "right form"),
        ({"suites": ["stable\nTrusted: yes"]}, "right form"),
        ({"components": []}, "components"),
        ({"name": "../x"}, "right form"),
    ],
)
def test_repositories_that_arent(bare: Box, key: Key, change: dict[str, object], words: str) -> None:
    good = {
        "name": "x",
        "uris": ["http://h/"],
        "suites": ["stable"],
        "components": ["main"],
        "key": key.armoured,
    }
    with pytest.raises(ConnetosError, match=words) as caught:
        bare.packages.add_repository(**{**good, **change})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    assert bare.packages.repositories() == []


def test_too_little_space_is_known_before(box: Box) -> None:
    error = box.refused(lambda: box.packages.install("huge"))
    assert "not enough disk space: 4096" in error.reason
    assert box.packages.plan("install", packages=["huge"]).disk_bytes == 4 * 1024**3


@pytest.fixture
def small(box: Box) -> Iterator[Box]:
    """The same with a disk of 80 MiB."""
    box.root.mib = 80
    box.root.refresh()
    yield box
    box.root.mib = 512


def test_a_disk_that_becomes_full_half_way(small: Box, repository: Repository) -> None:
    small.packages.add_repository(
        "tests", [repository.url], ["stable"], ["main"], key=repository.key.armoured
    )
    free = small.root.path / "usr"
    before = os.statvfs(free).f_bavail
    error = small.refused(lambda: small.packages.install("liar"))
    assert "space" in error.reason.lower()
    assert os.statvfs(free).f_bavail > before * 0.9
    assert small.packages.install("good").changed


def test_what_would_remove_the_agent_is_refused(box: Box) -> None:
    box.packages.install("openvswitch-switch")
    for work in (
        lambda: box.packages.install("rival"),
        lambda: box.packages.remove("connetos-agent"),
        lambda: box.packages.remove("openvswitch-switch", purge=True),
    ):
        error = box.refused(work)
        assert isinstance(error, PackageRefused)
        assert "openvswitch-switch" in error.reason
    assert set(box.packages.plan("install", packages=["rival"]).protected) == {
        "connetos-agent", "openvswitch-switch"
    }  # fmt: skip
    done = box.packages.install("rival", force=True)
    assert {c.name for c in done.changes} == {"connetos-agent", "openvswitch-switch", "rival"}


def test_an_installation_that_leaves_the_switch_ill_is_rolled_back(box: Box) -> None:
    pid = (box.lab.files.run / "agent.pid").read_text()
    (box.root.path / "etc/agent.pid").write_text(pid)
    with pytest.raises(PackageError, match="the agent doesn't answer; the packages from before are back"):
        box.packages.install("sick", health_s=1)
    assert box.root.version("sick") is None
    assert box.packages.history(1)[0].state == "rolled-back"


def test_dpkg_in_use_by_somebody_else(box: Box) -> None:
    lock = box.root.path / "var/lib/dpkg/lock-frontend"
    hold = "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print(1,flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        error = box.refused(lambda: box.packages.install("good", timeout_s=1))
        assert isinstance(error, Locked)
        assert f"(process {other.pid})" in error.reason
        other.communicate()
    assert box.packages.install("good").changed


def test_an_installation_that_hangs_is_ended(box: Box) -> None:
    error = box.refused(lambda: box.packages.install("slow", timeout_s=3))
    assert "took longer than 3 s" in error.reason


def test_what_somebody_left_half_installed_is_finished(box: Box) -> None:
    package = build(box.root.path / "root", "halfway")
    box.root.run("dpkg", "--unpack", f"/root/{package.name}")
    assert box.switch.state("packages unfinished") == ["halfway"]
    box.packages.install("good")
    assert box.root.version("halfway") == "1.0"
    assert box.switch.state("packages unfinished") == []


def test_what_somebody_left_broken_is_named(box: Box) -> None:
    package = build(box.root.path / "root", "halfway", scripts={"postinst": "exit 3"})
    box.root.run("dpkg", "--unpack", f"/root/{package.name}")
    with pytest.raises(PackageError, match="halfway") as caught:
        box.packages.install("good")
    assert "before anything was asked here" in caught.value.reason
    box.packages.remove("halfway")
    assert box.packages.install("good").changed


# -- cut off -------------------------------------------------------------------------------------------


def install_slow(box: Box) -> tuple[threading.Thread, list[object]]:
    """Begin an installation that waits in the middle until `/run/go` is there."""
    ended: list[object] = []

    def work() -> None:
        try:
            with connect(box.lab) as switch:
                ended.append(switch.packages.install("slow"))
        except ConnetosError as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until((box.root.path / "run/started").exists, "the installation")
    return thread, ended


def go_on(box: Box) -> None:
    (box.root.path / "run/go").touch()


def test_a_client_that_goes_away_changes_nothing(box: Box) -> None:
    with connect(box.lab, timeout_s=1.0) as hasty, pytest.raises(ConnetosError):
        # the transport gives up after a second without an answer, in the middle
        hasty.transport.call("packages/install", {"packages": ["slow"]})
    until((box.root.path / "run/started").exists, "the installation")
    running = box.switch.state("packages transaction")
    assert running["packages"] == ["slow"] and running["percent"] > 0
    error = box.refused(lambda: box.packages.install("good"))
    assert isinstance(error, Locked) and f"transaction {running['id']} (install, by admin)" in error.reason
    go_on(box)
    done = box.packages.watch(running["id"], progress=box.told.append)
    assert [change.name for change in done.changes] == ["good", "slow"]
    assert box.told[0].percent < 5 and box.told[-1].percent == 100
    with pytest.raises(NotFound, match="no package transaction is running"):
        box.packages.watch()


@pytest.mark.parametrize("kill", [True, False])
def test_who_installs_finds_the_result_at_the_next_agent(box: Box, kill: bool) -> None:
    thread, ended = install_slow(box)
    if kill:
        box.lab.kill_agent()
    else:
        box.lab.stop_agent()
    box.lab.start_agent()
    with connect(box.lab) as switch:
        assert switch.state("packages transaction state") == "running"
        go_on(box)
        done = switch.packages.watch()
    thread.join()
    assert [change.name for change in done.changes] == ["good", "slow"]
    assert ended == [done]


def test_who_follows_is_told_that_the_agent_stops(box: Box) -> None:
    thread, ended = install_slow(box)
    number = box.switch.state("packages transaction id")
    told: list[ConnetosError] = []

    def follow() -> None:
        with connect(box.lab) as switch:
            try:
                switch.transport.call("packages/watch", {"transaction": number}, lambda _: following.set())
            except ConnetosError as error:
                told.append(error)

    following = threading.Event()
    follower = threading.Thread(target=follow)
    follower.start()
    assert following.wait(60)
    box.lab.stop_agent()
    follower.join()
    assert isinstance(told[0], AgentStopping)
    assert told[0].reason == f"the switch's agent is stopping; package transaction {number} goes on"
    box.lab.start_agent()
    go_on(box)
    thread.join()
    assert isinstance(ended[0], Transaction)


def runner_of(box: Box) -> int:
    number = box.switch.state("packages transaction id")
    return int((box.lab.files.state / f"packages/{number}/runner.pid").read_text())


def kill_apt(box: Box) -> None:
    """End apt, dpkg and the script below this switch's root, as a power failure would."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "root").readlink() == box.root.path:
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


def test_a_runner_that_is_killed_half_way(box: Box) -> None:
    before = box.root.versions()
    thread, ended = install_slow(box)
    os.kill(runner_of(box), signal.SIGKILL)
    kill_apt(box)
    thread.join()
    assert isinstance(ended[0], PackageError)
    assert "it was cut off; the packages from before are back" in ended[0].reason
    assert box.root.versions() == before
    assert box.packages.install("good").changed


def test_a_switch_that_loses_power_half_way(box: Box) -> None:
    before = box.root.versions()
    thread, _ = install_slow(box)
    runner = runner_of(box)
    box.lab.kill_agent()
    os.kill(runner, signal.SIGKILL)
    kill_apt(box)
    thread.join()
    box.lab.start_agent()
    with connect(box.lab) as switch:
        until(lambda: switch.state("packages transaction") is None, "the end of the transaction")
        assert switch.packages.history(1)[0].state == "failed"
        assert box.root.versions() == before
        assert switch.packages.install("good").changed
