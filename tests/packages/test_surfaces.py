"""Uploads, bundles, the switch package, and the command line."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from connetos_sdk.errors import (
    ConnetosError,
    InvalidValue,
    NotFound,
    PackageError,
    PackageRefused,
    ProtocolError,
    TooLarge,
)
from connetos_sdk.packages import PackageChange
from connetos_sdk.release import explained
from connetos_sdk.repositories import RepositoryChange
from tests.agent.conftest import add_user, assert_refused, client
from tests.cli.conftest import CommandLine
from tests.conftest import connect
from tests.packages.conftest import WAIT, Box
from tests.packages.debian import build, run
from tests.waiting import until

pytestmark = pytest.mark.root


def test_an_uploaded_package_is_installed_with_what_it_needs(box: Box, tmp_path: Path) -> None:
    name = box.packages.upload(build(tmp_path, "mine", Depends="good"))
    assert name == "mine_1.0_all.deb"
    done = box.packages.install(files=[name])
    assert done.changes == (
        PackageChange("good", None, "2.0", "install"),
        PackageChange("mine", None, "1.0", "install"),
    )
    assert name in box.packages.uploads()
    box.packages.remove_upload(name)
    assert box.packages.uploads() == {}
    with pytest.raises(NotFound, match="no uploaded file"):
        box.packages.install(files=[name])


def test_a_bundle_needs_no_repository(bare: Box, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    with tarfile.open(bundle, "w") as archive:
        for package in (build(tmp_path, "base"), build(tmp_path, "app", Depends="base (= 1.0)")):
            archive.add(package, f"offline/{package.name}")
    done = bare.packages.install(files=[bare.packages.upload(bundle)])
    assert [change.name for change in done.changes] == ["app", "base"]
    assert not bare.packages.install(files=["bundle.tar"]).changed


def bundle_of(**members: bytes | str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.deb", b"not a package", "isn't a Debian package"),
        ("x.tar", b"not a tar", "isn't a tar archive"),
        ("x.tar", bundle_of(), "no packages in it"),
        ("x.tar", bundle_of(**{"../../etc/passwd": b"x"}), "passwd"),
        ("x.tar", bundle_of(**{"x.deb": "/etc/passwd"}), "x.deb"),
        ("x.sh", b"", "isn't the name of a package file"),
        (".x.deb", b"", "isn't the name of a package file"),
        ("../x.deb", b"", "isn't the name of a package file"),
    ],
)
def test_files_that_are_no_packages(bare: Box, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    error = bare.refused(lambda: bare.packages.upload(path, name))
    assert isinstance(error, InvalidValue)
    assert words in error.reason
    assert bare.packages.uploads() == {}
    left = [p for p in (bare.root.path / "var/cache/connetos/packages").rglob("*") if p.is_file()]
    assert left == []


def lying_ar(directory: Path) -> bytes:
    """A package whose last member says that it is of a terabyte."""
    content = build(directory, "liar").read_bytes()
    header = content.index(b"data.tar")
    return content[: header + 48] + b"1000000000" + content[header + 58 :]


def damaged(directory: Path) -> bytes:
    """A package in the middle of whose content are other bytes; its control data are right."""
    chance = random.Random(1)  # the same each time
    content = bytearray(
        build(
            directory, "damaged", files={"/opt/x": chance.randbytes(100_000)}, compression="xz"
        ).read_bytes()
    )
    content[-50_000:-40_000] = bytes(10_000)
    return bytes(content)


def control_bomb(directory: Path) -> bytes:
    """A package whose control data are of 100 MiB, and a hundred kilobytes as they come."""
    tree = directory / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {
        "Package": "bomb",
        "Version": "1",
        "Architecture": "all",
        "Maintainer": "T <t@example.com>",
        "Description": "x",
    }
    (tree / "DEBIAN/control").write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))
    (tree / "DEBIAN/templates").write_bytes(bytes(100 << 20))
    run(
        "dpkg-deb",
        "--root-owner-group",
        "-Zxz",
        "-z1",
        "--uniform-compression",
        "--build",
        tree,
        directory / "b.deb",
    )
    return (directory / "b.deb").read_bytes()


def tar_of(kind: bytes, length: int, content: bytes = b"", **pax: str) -> bytes:
    """A tar archive with one header whose size isn't that of what follows."""
    info = tarfile.TarInfo("x.deb")
    info.type, info.size, info.pax_headers = kind, length, pax
    form = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    return info.tobuf(form) + content.ljust(-(-len(content) // 512) * 512, b"\0") + bytes(1024)


TERABYTE = 1 << 40
SPARSE = {"GNU.sparse.size": str(TERABYTE), "GNU.sparse.map": "0,0"}


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("x.deb", lying_ar, "data.tar ends at byte 10000"),
        ("x.deb", lambda d: build(d, "cut").read_bytes()[:-200], "data.tar ends at byte"),
        ("x.deb", damaged, "isn't a Debian package"),
        ("x.deb", control_bomb, "more than 16777216 bytes of control data"),
        ("x.tar", lambda _: tar_of(tarfile.REGTYPE, TERABYTE), "announces 1099511627776 bytes"),
        ("x.tar", lambda _: tar_of(tarfile.GNUTYPE_SPARSE, 0), "sparse file"),
        (
            "x.tar",
            lambda _: tar_of(tarfile.REGTYPE, 512, bytes(512), **SPARSE),
            "sparse file",
        ),
        ("x.tar", lambda _: tar_of(tarfile.REGTYPE, 1, b"x", size=str(TERABYTE)), "damaged"),
        ("x.tar", lambda _: tar_of(tarfile.GNUTYPE_LONGNAME, 1 << 20, bytes(1 << 20)), "attributes of 1048576 bytes"),
        ("x.tar", lambda _: tar_of(tarfile.REGTYPE, -512), "damaged"),
    ],
)  # fmt: skip
def test_archives_that_lie_about_their_sizes(
    bare: Box, tmp_path: Path, name: str, make: Callable[[Path], bytes], words: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(make(tmp_path))
    error = bare.refused(lambda: bare.packages.upload(path, name))
    assert isinstance(error, InvalidValue)
    assert words in error.reason
    assert bare.packages.uploads() == {}


def test_a_package_that_unpacks_to_more_than_the_disk_has(bare: Box, tmp_path: Path) -> None:
    large = build(tmp_path, "large", files={"/opt/zeroes": bytes(600 << 20)}, compression="xz")
    assert large.stat().st_size < 1 << 20
    error = bare.refused(lambda: bare.packages.upload(large))
    assert isinstance(error, TooLarge)
    assert "large_1.0_all.deb unpacks to more than" in error.reason


def test_a_bundle_for_which_there_is_no_room(bare: Box, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    with tarfile.open(bundle, "w") as archive:
        package = build(tmp_path, "large", files={"/opt/large": bytes(240 << 20)})
        archive.add(package, package.name)
    name = bare.packages.upload(bundle)
    error = bare.refused(lambda: bare.packages.install(files=[name]))
    assert "not enough disk space: the packages of bundle.tar have" in error.reason
    bare.packages.remove_upload(name)
    assert left_of_bundles(bare) == []


def left_of_bundles(bare: Box) -> list[Path]:
    return list((bare.root.path / "var/cache/connetos/packages/bundles").glob("*"))


def test_a_plan_disturbs_no_installation_of_the_same_bundle(bare: Box, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    with tarfile.open(bundle, "w") as archive:
        for package in (
            build(tmp_path, "waits", scripts={"preinst": WAIT}),
            build(tmp_path, "after", Depends="waits"),
        ):
            archive.add(package, package.name)
    name = bare.packages.upload(bundle)
    with ThreadPoolExecutor() as threads:
        installing = threads.submit(bare.packages.install, files=[name])
        until((bare.root.path / "run/started").exists, "the installation")
        with (
            connect(bare.lab) as other,
            suppress(PackageError),
        ):  # of a half installed package apt makes no plan
            other.packages.plan("install", files=[name])
        assert len(left_of_bundles(bare)) == 1
        (bare.root.path / "run/go").touch()
        assert [change.name for change in installing.result().changes] == ["after", "waits"]
    assert left_of_bundles(bare) == []


@pytest.fixture
def raw(bare: Box) -> Iterator[httpx.Client]:
    with client(bare.lab, bare.lab.username, bare.lab.password) as found:
        yield found


def digest(content: bytes) -> dict[str, str]:
    return {"content-digest": f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"}


def test_bytes_that_arent_those_that_were_meant(raw: httpx.Client, bare: Box) -> None:
    problem = assert_refused(
        raw.put("uploads/x.deb", content=b"abc", headers=digest(b"abd")), 400, "bad-request"
    )
    assert hashlib.sha256(b"abc").hexdigest() in problem["detail"]
    assert_refused(raw.put("uploads/x.deb", content=b"abc"), 400, "bad-request")
    assert bare.packages.uploads() == {}


def test_an_upload_larger_than_the_disk_is_refused_before_it_comes(raw: httpx.Client) -> None:
    read = []

    def content() -> Iterator[bytes]:
        for _ in range(1 << 20):
            read.append(1)
            yield bytes(1 << 20)

    headers = {**digest(b""), "content-length": str(1 << 40)}
    try:
        answer = raw.put("uploads/x.deb", content=content(), headers=headers)
        assert_refused(answer, 413, "too-large")
    except httpx.TransportError:
        pass  # the agent closed the connection while it was sent
    assert len(read) < 64


def test_a_large_upload_is_taken_in_and_others_are_answered(bare: Box, tmp_path: Path) -> None:
    package = build(tmp_path, "large", files={"/opt/large": bytes(40 << 20)})
    assert package.stat().st_size > 40 << 20  # more than the agent takes as a body elsewhere
    bare.packages.upload(package)
    assert bare.packages.uploads() == {package.name: package.stat().st_size}


def test_who_may_only_look_uploads_and_installs_nothing(bare: Box) -> None:
    add_user(bare.switch, ("viewer", "only-looking-1"), "read-only")
    with client(bare.lab, "viewer", "only-looking-1") as viewer:
        assert_refused(
            viewer.put("uploads/x.deb", content=b"", headers=digest(b"")), 403, "permission-denied"
        )
        assert_refused(
            viewer.post("rpc/packages/install", json={"packages": ["good"]}), 403, "permission-denied"
        )
        plan = {"action": "install", "packages": [], "files": ["x.deb"]}
        assert_refused(viewer.post("rpc/packages/plan", json=plan), 403, "permission-denied")
        assert viewer.get("state/packages/uploads").json() == []
    bare.switch.rollback(1)


def switch_package(directory: Path, version: str = "2.0", model: str = "lab", **fields: str) -> Path:
    return build(directory, "switch", version, Switch_Model=model, **fields)


def test_the_switch_package_is_installed_and_the_configuration_stays(bare: Box, tmp_path: Path) -> None:
    revision = bare.switch.revision()
    with pytest.raises(NotFound, match="no switch package in /var/upgrade"):
        bare.packages.upgrade_system()
    for version in ("2.0", "10.0", "9.1"):
        bare.packages.upload(switch_package(tmp_path, version))
    assert (bare.root.path / "var/upgrade/switch_10.0_all.deb").exists()
    assert bare.packages.upgrade_system(check=True).changes == (
        PackageChange("switch", None, "10.0", "install"),
    )
    done = bare.packages.upgrade_system()
    assert done.changes == (PackageChange("switch", None, "10.0", "install"),)
    assert bare.switch.revision() == revision
    error = bare.refused(lambda: bare.packages.upgrade_system("switch_9.1_all.deb"))
    assert isinstance(error, PackageRefused)
    assert error.reason == "switch_9.1_all.deb has version 9.1; 10.0 is installed"
    forced = bare.packages.upgrade_system("switch_9.1_all.deb", force=True)
    assert forced.changes == (PackageChange("switch", "10.0", "9.1", "downgrade"),)


@pytest.mark.parametrize(
    ("model", "words"),
    [("C1010A, C1020B", "is for C1010A, C1020B; this switch is of model lab"), ("", "no field Switch-Model")],
)
def test_the_package_of_another_model_is_refused(bare: Box, tmp_path: Path, model: str, words: str) -> None:
    fields = {"Switch_Model": model} if model else {}
    bare.packages.upload(build(tmp_path, "switch", **fields))
    error = bare.refused(bare.packages.upgrade_system)
    assert isinstance(error, PackageRefused)
    assert words in error.reason


def test_another_package_under_the_name_of_the_switch_package(bare: Box, tmp_path: Path) -> None:
    bare.packages.upload(build(tmp_path, "other"), "switch_1.0_all.deb")
    error = bare.refused(bare.packages.upgrade_system)
    assert error.reason == "switch_1.0_all.deb is package other"


# -- the command line ----------------------------------------------------------------------------------


@pytest.fixture
def cli(box: Box) -> Iterator[CommandLine]:
    path = str(box.lab.files.run / "cli.sock")
    line = CommandLine(path, {"user": "root", "authenticated": True, "via": "test"})
    yield line
    line.close()


def test_packages_at_the_command_line(box: Box, cli: CommandLine) -> None:
    assert (
        "good                              -                     2.0"
        in cli("request packages plan install tool").text
    )
    done = cli("request packages install tool")
    assert done.ok
    lines = done.text.splitlines()
    assert lines[0].endswith("Looking at the packages there are") and "100.0%  Done" in lines
    assert lines[-1].split() == ["tool", "-", "1.0", "install"]
    shown = [line.split() for line in cli("show packages").text.splitlines()]
    assert ["tool", "1.0", "installed"] in shown
    assert "Candidate    : 2.0" in cli("show packages good").text
    history = cli("show packages history").text.splitlines()[2].split()
    assert history[0].isdigit() and history[3:] == ["root", "done", "install", "tool"]
    back = cli(f"request packages rollback {history[0]}")
    assert back.ok and "good" in back.text
    assert cli("request packages remove tool").text == "Nothing to do.\n"
    assert not cli("request packages install nosuch").ok
    assert "tests" in cli("show packages repositories").text
    assert {"install", "remove", "upgrade", "rollback", "update", "plan"} <= set(
        cli.words("request packages ")
    )
    assert cli("request packages update").ok


def parts(cli: CommandLine, line: str, **terminal: object) -> Iterator[str]:
    """What a command shows, as it shows it; what comes with the answer is the last."""
    answer = cli.ask({"id": 7, "line": line, "stream": True, "terminal": terminal})
    while "part" in answer:
        yield answer["part"]
        answer = cli.read()
    assert answer["ok"], answer
    yield answer["text"]


def test_steps_are_shown_as_they_happen(box: Box, cli: CommandLine) -> None:
    showing = parts(cli, "request packages install slow")
    seen = [next(showing)]
    while "slow" not in seen[-1]:
        seen.append(next(showing))
    assert not (box.root.path / "run/go").exists(), "the installation is under way"
    assert seen[0] == "  1.0%  Looking at the packages there are\n"
    (box.root.path / "run/go").touch()
    rest = list(showing)
    assert rest[-2] == "100.0%  Done\n"
    assert rest[-1].split()[-4:] == ["slow", "-", "1.0", "install"]


def test_a_persons_terminal_shows_how_a_step_gets_on_in_its_line(box: Box, cli: CommandLine) -> None:
    shown = "".join(
        parts(cli, "request packages install good", kind="xterm", width=40, height=24, lends=True)
    )
    steps = shown.split("\n")
    assert steps[0] == "\r  1.0%  Looking at the packages there are"[:40] + "\x1b[K"
    assert steps[-5] == "100.0%  Done\x1b[K"
    assert steps[-2].split() == ["good", "-", "2.0", "install"]


def test_who_interrupts_is_told_how_to_look_again(box: Box, cli: CommandLine) -> None:
    seen = cli.ask({"id": 7, "line": "request packages install slow", "stream": True})
    while "slow" not in seen["part"]:
        seen = cli.read()
    cli.send({"cancel": 7})
    while "part" in seen:
        seen = cli.read()
    number = box.switch.state("packages transaction id")
    assert seen["text"] == f"Transaction {number} goes on; `request packages watch` follows it.\n"
    (box.root.path / "run/go").touch()
    followed = cli("request packages watch")
    assert followed.ok and followed.text.splitlines()[-1].split() == ["slow", "-", "1.0", "install"]
    assert cli(f"request packages watch {number}").text == followed.text
    assert "no package transaction is running" in cli("request packages watch").text


def test_the_system_is_upgraded_at_the_command_line(box: Box, cli: CommandLine, tmp_path: Path) -> None:
    refused = cli("request system upgrade")
    assert not refused.ok and "/var/upgrade" in refused.text
    box.packages.upload(switch_package(tmp_path))
    assert "switch_2.0_all.deb" in cli("show packages uploads").text
    done = cli("request system upgrade switch_2.0_all.deb")
    assert done.ok and done.text.splitlines()[-1].split() == ["switch", "-", "2.0", "install"]


def test_a_switch_without_packages_says_so(memory_lab: object, switch: object) -> None:
    work: Callable[[], object] = lambda: switch.packages.install("good")  # type: ignore[attr-defined]  # noqa: E731
    with pytest.raises(
        ConnetosError, match=r"doesn't do packages/install \(its package service is switched off"
    ):
        work()


def test_an_answer_of_another_release_is_told_as_one(bare: Box) -> None:
    with pytest.raises(ProtocolError) as caught:
        RepositoryChange.of({"name": "tests", "changed": True})
    told = explained(caught.value, bare.switch, "9.0.0")
    assert "doesn't tell what the repository was before" in told
    assert told.endswith("upgrade the switch's agent")
