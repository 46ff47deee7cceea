"""One plan of a fabric becomes everything that its switches need, or an error that says what is wrong with it."""

from __future__ import annotations

import hashlib
import re
import stat
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from connetos_agent.dataplane.platform import Platform
from connetos_agent.services.atp.check import check
from connetos_agent.services.atp.hint import parse_hint
from connetos_sdk.atp import Change, Plan, PlanError
from connetos_sdk.atp.reader import read_plan
from connetos_sdk.cli import app
from connetos_sdk.errors import StorageFailed, from_dict
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import get
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples/atp/rack.yaml"
PLAN = """
management: 198.18.255.0/24
server: 198.18.255.1
variables: {domain: a, vlan: 10}
roles:
  spine: {template: t.j2}
  leaf: {template: t.j2, variables: {vlan: 20}}
switches:
  spine1: {role: spine, management: 198.18.255.11}
  leaf1: {role: leaf, management: 198.18.255.21, mac: "52:54:00:AA:00:21"}
  leaf2: {role: leaf, management: 198.18.255.22, variables: {vlan: 30}}
links:
  - [spine1:te-1/1/1, leaf1:te-1/1/4]
  - [leaf2:te-1/1/4, spine1:te-1/1/2]
"""
TEMPLATE = "set vlans vlan-id {{ vlan }} vlan-name {{ switch.role }}\n"
LEAF1 = "198.18.255.21_yunqi.cfg"
PLATFORM = Platform(ports={f"te-1/1/{n}": f"te-1-1-{n}" for n in range(1, 9)})


def write(directory: Path, plan: str = PLAN, template: str | bytes = TEMPLATE) -> Path:
    (directory / "t.j2").write_bytes(template if isinstance(template, bytes) else template.encode())
    file = directory / "rack.yaml"
    file.write_text(plan)
    return file


def replaced(old: str, new: str) -> str:
    assert old in PLAN
    return PLAN.replace(old, new, 1)


def document(files: Any, address: str) -> Any:
    return parse_document(files[f"{address}_yunqi.cfg"].decode())


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["atp", "plan", *map(str, words)])
    return done.exit_code, done.output


def test_each_switch_gets_its_name_its_address_and_its_role(tmp_path: Path) -> None:
    files = Plan.load(write(tmp_path)).build().files
    leaf2 = document(files, "198.18.255.22")
    assert get(leaf2, ("system", "hostname")) == "leaf2"
    assert get(leaf2, ("interface", "management-ethernet", "eth0", "address")) == "198.18.255.22/24"
    assert get(leaf2, ("vlans", "vlan-id")) == {"30": {"vlan-name": "leaf"}}
    assert list(get(document(files, "198.18.255.21"), ("vlans", "vlan-id"))) == ["20"]
    assert list(get(document(files, "198.18.255.11"), ("vlans", "vlan-id"))) == ["10"]


def test_each_port_tells_the_switch_behind_it_who_it_is(tmp_path: Path) -> None:
    plan = Plan.load(write(tmp_path))
    files = plan.build().files
    seen = set()
    for switch in plan.switches.values():
        ports = get(document(files, str(switch.management.ip)), ("interface", "gigabit-ethernet"))
        for port, end in plan.cables(switch.name):
            hint = parse_hint(ports[port]["description"], plan.management.prefixlen)
            assert hint.address == plan.switches[end.switch].management
            assert hint.server == plan.server
            seen.add((switch.name, port))
    assert seen == {
        ("spine1", "te-1/1/1"),
        ("spine1", "te-1/1/2"),
        ("leaf1", "te-1/1/4"),
        ("leaf2", "te-1/1/4"),
    }


def test_the_switch_takes_its_file(tmp_path: Path) -> None:
    plan = Plan.load(write(tmp_path))
    files = plan.build().files
    for switch in plan.switches.values():
        name = f"{switch.management.ip}_yunqi.cfg"
        check(files[name], switch.management, PLATFORM, leased=False)
        assert files[f"{name}.sha256"].decode() == f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n"


def test_reservations_are_those_of_switches_with_a_mac(tmp_path: Path) -> None:
    provisioning = Plan.load(write(tmp_path)).build()
    assert provisioning.reservations == ("52:54:00:aa:00:21,198.18.255.21,leaf1",)
    assert provisioning.files["dhcp-hosts"] == b"52:54:00:aa:00:21,198.18.255.21,leaf1\n"


@pytest.mark.parametrize(
    "template",
    [
        "",
        "system { hostname {{ switch.name }} }\n",
        '{"system": {"hostname": "{{ switch.name }}"}}',
        "set interface management-ethernet eth0 address {{ switch.address }}/24\n",
        "{% for l in switch.links %}set interface gigabit-ethernet {{ l.port }} mtu 9000\n{% endfor %}",
    ],
    ids=["empty", "curly", "json", "address", "links"],
)
def test_a_template_may_be_in_any_form_and_say_what_the_plan_says(tmp_path: Path, template: str) -> None:
    files = Plan.load(write(tmp_path, template=template)).build().files
    assert get(document(files, "198.18.255.21"), ("system", "hostname")) == "leaf1"


def test_templates_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "vlans.j2").write_text(TEMPLATE)
    files = Plan.load(write(tmp_path, template='{% include "vlans.j2" %}')).build().files
    assert list(get(document(files, "198.18.255.22"), ("vlans", "vlan-id"))) == ["30"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("management: 198.18.255.0/24\n", "", "'management' is missing"),
        (
            "management: 198.18.255.0/24",
            "management: 198.18.255.7/24",
            "management: '198.18.255.7/24' is not an IPv4 network",
        ),
        (
            "management: 198.18.255.0/24",
            "management: 224.0.0.0/24",
            "management: 224.0.0.0/24 has no addresses of hosts",
        ),
        ("management: 198.18.255.0/24", "management: 198.18.255.0/31", "a prefix length of 8 to 30"),
        (
            "server: 198.18.255.1",
            "server: 198.18.254.1",
            "server: 198.18.254.1 is outside the management network",
        ),
        (
            "server: 198.18.255.1",
            "server: 198.18.255.21",
            "switches.leaf1.management: 198.18.255.21 already belongs to server",
        ),
        ("server: 198.18.255.1", "server: tftp", "server: 'tftp' is not an IPv4 address"),
        ("server: 198.18.255.1", "sever: 198.18.255.1", "sever: unknown key (did you mean server?"),
        (
            "server: 198.18.255.1",
            "server: 198.18.255.1\nserver: 198.18.255.2",
            "line 4, column 1: not valid YAML: 'server' is given twice",
        ),
        (
            "variables: {domain: a",
            "variables: {server: a",
            "variables.server: the plan itself gives this variable",
        ),
        ("variables: {domain: a", "variables: {'a-b': a", "'a-b' can't be the name of a variable"),
        (
            "variables: {domain: a",
            "variables: {domain: 2026-01-01",
            "variables.domain: datetime.date(2026, 1, 1) has no place",
        ),
        (
            "variables: {domain: a",
            "variables: {10: a",
            "variables: the key 10 is not text (put it in quotes)",
        ),
        ("variables: {domain: a", "variables: &x {domain: *x", "something in it contains itself"),
        (
            "{template: t.j2}",
            "{template: no.j2}",
            "roles.spine.template: there is no file no.j2 beside the plan",
        ),
        ("{template: t.j2}", "{template: ../t.j2}", "../t.j2 is outside the plan's directory"),
        ("{template: t.j2}", "{template: /etc/passwd}", "/etc/passwd is outside the plan's directory"),
        ("{template: t.j2}", "{template: 5}", "5 is not a template"),
        ("{template: t.j2}", "t.j2", "roles.spine: 't.j2' is not a mapping"),
        ("role: spine", "role: spin", "switches.spine1.role: there is no role 'spin' (did you mean spine?"),
        ("role: spine", "role: [spine]", "switches.spine1.role: there is no role ['spine']"),
        (
            "198.18.255.22",
            "198.18.255.21",
            "switches.leaf2.management: 198.18.255.21 already belongs to switches.leaf1.management",
        ),
        ("198.18.255.22", "198.18.254.22", "198.18.254.22 is outside the management network 198.18.255.0/24"),
        ("198.18.255.22", "198.18.255.255", "198.18.255.255 is the network or broadcast address"),
        ("198.18.255.22", "198.18.255.22/24", "'198.18.255.22/24' is not an IPv4 address"),
        (
            "198.18.255.22,",
            '198.18.255.22, mac: "52:54:00:aa:00:21",',
            "52:54:00:aa:00:21 already belongs to switches.leaf1.mac",
        ),
        (
            "198.18.255.22,",
            "198.18.255.22, mac: 52:54:00:11:00:21,",
            "in quotes (YAML takes some for numbers)",
        ),
        ("198.18.255.22,", '198.18.255.22, mac: "53:54:00:aa:00:21",', "is not the MAC address of one port"),
        ("  leaf2:", "  LEAF1:", "switches.LEAF1: leaf1 already belongs to switches.leaf1"),
        ("  leaf2:", "  leaf1:", "'leaf1' is given twice"),
        ("  leaf2:", "  2h:", "'2h' is not the name of a switch"),
        ("  leaf2:", "  ignore:", "'ignore' is not the name of a switch"),
        ("  leaf2:", f"  {'l' * 64}:", "1 to 63 letters"),
        ("  leaf2:", "  leaf@2:", "'leaf@2' is not the name of a switch"),
        ("leaf2:te-1/1/4", "leaf3:te-1/1/4", "links[1][0]: there is no switch 'leaf3' (did you mean leaf2?"),
        ("leaf2:te-1/1/4", "leaf1:te-1/1/4", "links[1][0]: leaf1:te-1/1/4 is already used by links[0][1]"),
        ("leaf2:te-1/1/4", "spine1:te-1/1/4", "links[1]: spine1 is linked with itself"),
        ("leaf2:te-1/1/4", "leaf2:eth4", "links[1][0]: 'eth4' is not a port"),
        ("leaf2:te-1/1/4", "leaf2", "links[1][0]: 'leaf2' does not name a port"),
        (
            "[leaf2:te-1/1/4, spine1:te-1/1/2]",
            "[leaf2:te-1/1/4]",
            "links[1]: ['leaf2:te-1/1/4'] is not a pair",
        ),
        ("links:\n", "links:\n  a: b\nlinks2:\n", "links2: unknown key"),
    ],
)
def test_a_plan_that_is_not_right(tmp_path: Path, old: str, new: str, error: str) -> None:
    file = write(tmp_path, replaced(old, new))
    with pytest.raises(PlanError) as raised:
        Plan.load(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert error in str(raised.value)
    assert str(from_dict(raised.value.to_dict())) == str(raised.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [("", "the plan must be a mapping"), ("a: [", "not valid YAML"), ("- 1", "the plan must be a mapping")],
)
def test_a_file_that_is_no_plan(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(PlanError, match=error):
        Plan.load(write(tmp_path, text))


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"no\.yaml: cannot read the file: No such file or directory"):
        Plan.load(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("\n{{ vlam }}", "line 2: 'vlam' is undefined"),
        ("\n\n{% if %}", "line 3: Expected an expression"),
        ("{{ 1 / 0 }}", "line 1: division by zero"),
        ("{{ ''.__class__.__mro__ }}", "line 1: access to attribute '__class__'"),
        ("{% set x = switch.update({'name': 'x'}) %}", "line 1: "),
        ('{% include "../rack.yaml" %}', "there is no template ../rack.yaml"),
        (b"\xff\xfe", "it is no text (UTF-8)"),
        ("{% for i in range(60000) %}{{ 'x' * 100 }}{% endfor %}", "it makes more than 4194304 characters"),
        (
            "set vlans vlan-id 5000\n",
            "rendered template t.j2, vlans vlan-id: line 1: 5000 is outside 1 to 4094",
        ),
        ("\nset no such thing\n", "rendered template t.j2: line 2: "),
        (
            "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 7\n",
            "vlans vlan-id 7 isn't configured",
        ),
        ("set interface gigabit-ethernet te-1/1/4 description " + "x" * 256 + "\n", "te-1/1/4"),
        (
            "set system hostname other\n",
            "system hostname: the template says other, the plan says leaf1 (leave it to the plan)",
        ),
        (
            "set interface management-ethernet eth0 address 198.18.255.99/24\n",
            "the template says 198.18.255.99/24, the plan says 198.18.255.21/24",
        ),
        (
            "set interface gigabit-ethernet te-1/1/4 description mine\n",
            "interface gigabit-ethernet te-1/1/4 description: the template says mine, "
            "the plan says spine1@198.18.255.11@198.18.255.1",
        ),
    ],
)
def test_a_template_that_is_not_right(tmp_path: Path, template: str | bytes, error: str) -> None:
    file = write(tmp_path, template=template)
    with pytest.raises(PlanError) as raised:
        Plan.load(file).build()
    assert re.search(rf"{file}: switches\.leaf1, (rendered )?template t\.j2[:,] ", str(raised.value))
    assert error in str(raised.value)
    code, output = run(file, "--out", tmp_path / "out")
    assert (code, (tmp_path / "out").exists()) == (1, False)
    assert output.startswith(f"error: {file}: switches.")


def test_every_switch_with_a_mistake_is_named(tmp_path: Path) -> None:
    template = "{% if switch.role == 'leaf' %}{{ missing }}{% endif %}"
    with pytest.raises(PlanError) as raised:
        Plan.load(write(tmp_path, template=template)).build()
    assert [p.reason.split(": ")[1].split(",")[0] for p in raised.value.problems] == [
        "switches.leaf1",
        "switches.leaf2",
    ]


def test_a_switch_that_no_link_reaches_is_a_warning(tmp_path: Path) -> None:
    text = replaced("  - [leaf2:te-1/1/4, spine1:te-1/1/2]\n", "")
    (warning,) = Plan.load(write(tmp_path, text)).build().warnings
    assert warning == (
        "leaf2: no link reaches it, so no neighbour tells it who it is, "
        "and without a mac it has no DHCP reservation either"
    )
    code, output = run(write(tmp_path, text), "--out", tmp_path / "out")
    assert (code, f"warning: {warning}" in output) == (0, True)


def test_a_prefix_length_that_hints_do_not_tell_is_a_warning(tmp_path: Path) -> None:
    (warning,) = Plan.load(write(tmp_path, replaced("198.18.255.0/24", "198.18.0.0/16"))).build().warnings
    assert "set prefix-length = 16 in [atp]" in warning


def test_writing_again_changes_only_what_differs(tmp_path: Path) -> None:
    out = tmp_path / "srv/tftp"
    first = Plan.load(write(tmp_path)).build()
    assert [c.kind for c in first.write(out)] == ["new"] * 7
    assert {p.name: p.read_bytes() for p in out.iterdir()} == dict(first.files)
    assert {stat.S_IMODE(p.stat().st_mode) for p in out.iterdir()} == {0o644}
    before = {p.name: p.stat().st_ino for p in out.iterdir()}
    second = Plan.load(write(tmp_path, replaced("vlan: 20", "vlan: 21"))).build()
    expected = [Change(LEAF1, "changed"), Change(f"{LEAF1}.sha256", "changed")]
    assert second.changes(out) == second.write(out) == expected
    assert {p.name for p in out.iterdir() if p.stat().st_ino != before[p.name]} == {LEAF1, f"{LEAF1}.sha256"}
    assert second.write(out) == []


def test_a_place_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    provisioning = Plan.load(write(tmp_path)).build()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="file"):
        provisioning.write(tmp_path / "file")
    out = tmp_path / "out"
    (out / "dhcp-hosts").mkdir(parents=True)
    with pytest.raises(StorageFailed, match=r"cannot read .*dhcp-hosts: Is a directory"):
        provisioning.write(out)
    assert [p.name for p in out.iterdir()] == ["dhcp-hosts"]


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for it; the process that has it is one of its own."""
    out = tmp_path / "out"
    Plan.load(write(tmp_path)).build().write(out)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    only_the_last = "{% if switch.name == 'leaf2' %}set vlans vlan-id 100:400\n{% endif %}"
    text = TEMPLATE + "set vlans vlan-id 5\n" + only_the_last
    file = write(tmp_path, template=text)
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from connetos_sdk.atp import Plan\nfrom connetos_sdk.errors import StorageFailed\n"
        "made = Plan.load(sys.argv[1]).build()\nresource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: made.write(sys.argv[2])\nexcept StorageFailed as error: print(error)\n"
    )
    words = [sys.executable, "-B", "-c", program, str(file), str(out)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert done.stdout.startswith(f"cannot write {out}: File too large")
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_command(tmp_path: Path) -> None:
    file, out = write(tmp_path), tmp_path / "out"
    code, output = run(file, "--out", out, "--check")
    assert (code, out.exists()) == (0, False)
    assert output.splitlines()[0] == "new: 198.18.255.11_yunqi.cfg"
    assert output.splitlines()[-1] == "7 files to write, 0 as they should be"
    assert run(file, "--out", out)[1].splitlines()[-1] == "7 files written, 0 as they should be"
    (out / "198.18.255.99_yunqi.cfg").write_text("")
    code, output = run(file, "--out", out)
    assert code == 0
    assert output.splitlines() == [
        f"warning: {out}/198.18.255.99_yunqi.cfg isn't in the plan; it is left alone",
        "0 files written, 7 as they should be",
    ]
    code, output = run(write(tmp_path, replaced("role: spine", "role: spin")), "--out", out)
    assert code == 1
    assert output.splitlines() == [
        f"error: {file}: switches.spine1.role: there is no role 'spin'",
        "hint: did you mean spine? known: spine, leaf",
    ]


def test_dnsmasq_takes_the_reservations(tmp_path: Path) -> None:
    Plan.load(write(tmp_path)).build().write(tmp_path)
    words = ["dnsmasq", "--test", "--conf-file=/dev/null", f"--dhcp-hostsfile={tmp_path}/dhcp-hosts"]
    hosts = (tmp_path / "dhcp-hosts").read_text().splitlines()
    each = [f"--dhcp-host={line}" for line in hosts]
    done = subprocess.run([*words, *each], capture_output=True, text=True, timeout=30, check=False)
    assert (len(hosts), done.returncode, done.stderr) == (1, 0, "dnsmasq: syntax check OK.\n")


def test_the_example(tmp_path: Path) -> None:
    plan = Plan.load(EXAMPLE)
    provisioning = plan.build()
    assert provisioning.warnings == ()
    for switch in plan.switches.values():
        check(
            provisioning.files[f"{switch.management.ip}_yunqi.cfg"], switch.management, PLATFORM, leased=False
        )


@given(
    st.integers(8, 30),
    st.integers(0x0B000000, 0x7E000000),
    st.lists(st.integers(1, (1 << 24) - 2), min_size=3, max_size=3, unique=True),
)
def test_every_hint_that_a_plan_makes_is_understood(
    tmp_path_factory: pytest.TempPathFactory, length: int, base: int, offsets: list[int]
) -> None:
    network = IPv4Network((base, length), strict=False)
    hosts = network.num_addresses - 2
    server, one, two = (network.network_address + 1 + offset % hosts for offset in offsets)
    directory = tmp_path_factory.mktemp("plan")
    switches = {n: {"role": "r", "management": str(a)} for n, a in (("a", one), ("b", two))}
    text = yaml.safe_dump(
        {
            "management": str(network),
            "server": str(server),
            "roles": {"r": {"template": "t.j2"}},
            "switches": switches,
            "links": [["a:te-1/1/1", "b:te-1/1/1"]],
        }
    )
    file = write(directory, text, "")
    if len({server, one, two}) < 3:
        with pytest.raises(PlanError, match="already belongs to"):
            read_plan(file)
        return
    files = Plan.load(file).build().files
    port = get(document(files, str(one)), ("interface", "gigabit-ethernet", "te-1/1/1"))
    hint = parse_hint(port["description"], length)
    assert (hint.address, hint.server) == (IPv4Interface((two, length)), IPv4Address(server))


_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=10)


@given(
    st.sampled_from(["management", "server", "roles", "switches", "links", "variables"]),
    st.recursive(
        _VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_whatever_stands_in_a_plan_is_an_error_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Any
) -> None:
    file = write(tmp_path_factory.getbasetemp(), yaml.safe_dump({**yaml.safe_load(PLAN), key: value}))
    try:
        read_plan(file)
    except PlanError as error:
        assert str(error).startswith(f"{file}: ")


def test_packages_of_role_and_switch_are_in_a_list_of_their_own(tmp_path: Path) -> None:
    role = "leaf: {template: t.j2, packages: [tcpdump], variables: {vlan: 20}}"
    text = replaced("leaf: {template: t.j2, variables: {vlan: 20}}", role)
    text = text.replace("variables: {vlan: 30}}", 'packages: ["snmpd=5.9-1", tcpdump]}')
    provisioning = Plan.load(write(tmp_path, text)).build()
    assert provisioning.files[f"{LEAF1}.packages"] == b"tcpdump\n"
    assert provisioning.files["198.18.255.22_yunqi.cfg.packages"] == b"tcpdump\nsnmpd=5.9-1\n"
    assert "198.18.255.11_yunqi.cfg.packages" not in provisioning.files
    sum_of_list = hashlib.sha256(b"tcpdump\n").hexdigest()
    assert provisioning.files[f"{LEAF1}.packages.sha256"] == f"{sum_of_list}  {LEAF1}.packages\n".encode()
    provisioning.write(tmp_path / "out")
    assert Plan.load(write(tmp_path)).build().unplanned(tmp_path / "out") == [
        f"{LEAF1}.packages",
        "198.18.255.22_yunqi.cfg.packages",
    ]


@pytest.mark.parametrize("packages", ["tcpdump", "[7]", "[--purge]", "['a b']"])
def test_packages_that_are_none(tmp_path: Path, packages: str) -> None:
    text = replaced("management: 198.18.255.22,", f"management: 198.18.255.22, packages: {packages},")
    with pytest.raises(PlanError, match=r"switches\.leaf2\.packages: "):
        Plan.load(write(tmp_path, text))
