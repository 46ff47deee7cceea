"""What apt, dpkg and users write is read without trust: properties, and apt's own words."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent.services.packages import apt, dpkg, names, plan, repack, repositories
from connetos_agent.services.packages.health import Health, problems
from connetos_sdk.errors import InvalidValue
from connetos_sdk.model.operations import operation

SIMULATED = """\
Inst base [1.0] (2.0 Tests:stable [all])
Inst libc6:i386 (2.36-9 Debian:12.1/stable, Debian-Security:12 [i386]) []
Remv gone [3.1-2] [keeps:amd64 ]
Purg config
Conf base (2.0 Tests:stable [all])
"""


def test_a_simulation() -> None:
    before = {"base": dpkg.Package("1.0", "installed"), "gone": dpkg.Package("3.1-2", "installed")}
    found = {c.name: (c.action, c.before, c.after) for c in plan._changes(SIMULATED, before)}
    assert found == {
        "base": ("change", "1.0", "2.0"),
        "libc6:i386": ("install", None, "2.36-9"),
        "gone": ("remove", "3.1-2", None),
        "config": ("purge", None, None),
    }


@given(st.text(max_size=200))
def test_any_line_of_status_is_read_or_left(line: str) -> None:
    found = apt.parse_status(line)
    assert found is None or 0 <= found.percent <= 100


@pytest.mark.parametrize(
    ("line", "about", "percent", "text"),
    [
        ("pmstatus:good:20.0000:Unpacking good (amd64)", "good", 20.0, "Unpacking good (amd64)"),
        ("pmstatus:libc6:i386:55.5:Installing: it", "libc6:i386", 55.5, "Installing: it"),
        ("dlstatus:1:99.9:Retrieving file 1 of 1", "1", 99.9, "Retrieving file 1 of 1"),
    ],
)
def test_lines_of_status(line: str, about: str, percent: float, text: str) -> None:
    found = apt.parse_status(line)
    assert found is not None
    assert (found.about, found.percent, found.text) == (about, percent, text)


@given(st.text(alphabet=string.printable, max_size=60))
def test_what_is_a_name_has_only_characters_of_names(text: str) -> None:
    try:
        name, version = names.wanted(text)
    except InvalidValue:
        return
    assert set(name) <= set(string.ascii_lowercase + string.digits + "+-.:")
    assert name[0] not in "-+." and name[-1] != "-"
    assert version is None or set(version) <= set(string.ascii_letters + string.digits + "+-.~:")


@given(st.text(alphabet=string.printable, max_size=40))
def test_the_model_and_the_service_mean_the_same_by_a_name(text: str) -> None:
    described = operation("packages/install").arguments.children["packages"]
    seen: list[object] = []
    described.check([text], (), seen)  # type: ignore[arg-type]
    assert bool(seen) == (names.WANTED.fullmatch(text) is None)


@given(st.lists(st.tuples(st.from_regex(r"\A[A-Z][a-z-]{0,8}\Z"), st.text("abc :", max_size=9)), max_size=5))
def test_control_data_comes_back(fields: list[tuple[str, str]]) -> None:
    wanted = {label: value.strip() for label, value in fields}
    assert dpkg.paragraph("".join(f"{k}: {v}\n" for k, v in wanted.items())) == wanted


@given(st.binary(max_size=400), st.integers(1, 40))
def test_lines_are_the_same_however_they_arrive(data: bytes, size: int) -> None:
    pending = bytearray()
    found: list[str] = []
    for start in range(0, len(data), size):
        found += apt._lines(pending, data[start : start + size])
    found += apt._lines(pending, b"")
    whole = data.replace(b"\r", b"\n").split(b"\n")
    assert found == [line.decode("utf-8", "replace") for line in whole if line.strip()]


@given(st.text(max_size=300))
def test_no_text_but_a_key_is_a_key(text: str) -> None:
    with pytest.raises(InvalidValue, match="public key"):
        repositories._key(text)


def test_diverted_files_are_where_they_are() -> None:
    listed = "/.\n/bin\n/bin/sh\ndiverted by dash to: /bin/sh.distrib\n/etc/x\nlocally diverted to: /etc/y\n"
    assert list(repack.contents(listed)) == [
        ("/.", "/."), ("/bin", "/bin"), ("/bin/sh", "/bin/sh.distrib"), ("/etc/x", "/etc/y")
    ]  # fmt: skip


def test_what_got_worse_is_named_and_what_got_better_is_not() -> None:
    before = Health(True, 5, ("old",), ("te-1/1/1", "te-1/1/2"), ("192.0.2.0/24",))
    assert problems(before, before) == {}
    assert problems(before, Health(False)) == {"agent": "the agent doesn't answer"}
    after = Health(True, 4, ("new",), ("te-1/1/1", "te-1/1/3"), (), ("x.service",))
    assert problems(before, after) == {
        "troubles": "new troubles: new",
        "forwarding": "ports went down: te-1/1/2",
        "revision": "revision 4 runs instead of 5",
        "services": "services failed: x.service",
    }
    assert problems(after, before) == {
        "troubles": "new troubles: old", "forwarding": "ports went down: te-1/1/3"
    }  # fmt: skip
