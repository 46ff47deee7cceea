"""The life of an installed package: installed, used, upgraded, removed, purged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import debian_package
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(600)]

SETTINGS = "/etc/connetos/agent.toml"
PRUNED = ("/proc", "/sys", "/var/log", "/var/lib/dpkg", "/var/cache", "/root")


def files(switch: PackagedSwitch) -> set[str]:
    pruned = " -o ".join(f"-path {path}" for path in PRUNED)
    find = f"find / -xdev ( {pruned} ) -prune -o -print"
    return set(switch.machine.run(find.split()).stdout.splitlines())


def status(switch: PackagedSwitch) -> str:
    shown = switch.machine.run(["dpkg-query", "-W", "-f=${db:Status-Status}", "connetos-agent"], check=False)
    return shown.stdout


def test_from_installation_to_purge(bare: PackagedSwitch, package: Path, newer: Path, version: str) -> None:
    machine = bare.machine
    before = files(bare)
    _, said = bare.install(package)
    assert "ports aren't named yet" in said
    assert machine.run(["systemctl", "is-active", "connetos-agent"], check=False).stdout == "inactive\n"
    for program in ("cli", "rcc", "connetos", "connetos-agent", "connetos-sshd"):
        assert version in machine.run([program, "--version"], check=False).stdout or program == "rcc", program
    machine.run(["systemd-analyze", "verify", "--man=no", "connetos-agent.service", "connetos-sshd.service"])

    bare.name_ports()
    machine.run(["systemctl", "start", "connetos-agent"])
    bare.cli("configure", "set vlans vlan-id 20", "commit", "exit")
    assert bare.reaches("h1", "198.18.10.2")
    assert machine.run(["hostname"]).stdout == "debian\n", "the machine keeps its name"
    failed = machine.run(["systemctl", "--failed", "--quiet"]).stdout
    assert failed == ""

    bare.install(newer)
    assert bare.version_in_use() == "9.0.1"
    assert "20" in bare.cli("show vlans")

    machine.run(["dpkg", "--remove", "connetos-agent"])
    assert status(bare) == "config-files"
    assert bare.reaches("h1", "198.18.10.2"), "what forwards goes on after a removal"
    assert machine.run(["test", "-e", "/usr/lib/connetos"], check=False).returncode == 1
    machine.run(["test", "-e", "/etc/connetos/agent.toml"])
    assert machine.run(["systemctl", "list-units", "--quiet", "--state=active", "connetos*"]).stdout == ""

    machine.run(["dpkg", "--purge", "connetos-agent"])
    assert status(bare) in ("", "not-installed")
    left = {path for path in files(bare) - before if not path.startswith(("/tmp", "/run", "/var/tmp"))}
    assert {path for path in left if "connetos" in path} == set()
    assert machine.run(["ls", "/run/connetos"], check=False).returncode != 0
    assert machine.run(["getent", "group", "connetos"], check=False).returncode != 0
    assert "connetos" not in machine.run(["cat", "/etc/shells"]).stdout
    machine.run(["ovs-vsctl", "del-br", "br0"])


def test_over_an_installation_that_was_cut_off(bare: PackagedSwitch, package: Path, tmp_path: Path) -> None:
    machine = bare.machine
    machine.take(package, "/root/n.deb")
    machine.run(["dpkg", "--unpack", "/root/n.deb"])
    assert status(bare) == "unpacked"
    refused = machine.run(["cli", "-c", "show version"], check=False)
    assert (refused.returncode, "dpkg --configure connetos-agent" in refused.stderr) == (127, True)
    bare.name_ports()
    machine.run(["dpkg", "--force-confold", "--configure", "connetos-agent"])
    assert "test" in bare.cli("show version")
    # Killed between laying down and activating, with rubbish left behind.
    other = debian_package.repack(package, "9.0.2", tmp_path)
    machine.take(other, "/root/o.deb")
    machine.run(["dpkg", "--unpack", "/root/o.deb"])
    machine.run(
        ["sh", "-c", "cp -al /usr/lib/connetos/versions/packaged /usr/lib/connetos/versions/incoming"]
    )
    machine.run(["dpkg", "--configure", "--force-confold", "connetos-agent"])
    assert bare.version_in_use() == "9.0.2"
    assert machine.run(["ls", "/usr/lib/connetos/versions"]).stdout.count("incoming") == 0
    # The same version once more: nothing to do.
    machine.run(["dpkg", "--force-confold", "--install", "/root/o.deb"])
    assert bare.version_in_use() == "9.0.2"
    machine.run(["dpkg", "--purge", "connetos-agent"])


def test_debians_chrony_leaves_the_clock_of_a_dedicated_machine_to_the_agent(
    bare: PackagedSwitch, package: Path
) -> None:
    machine = bare.machine
    # This machine's clock is that of its host, so here chronyd only measures (-x).
    machine.write("/etc/default/chrony", 'DAEMON_OPTS="-x"\n')
    machine.run(["rm", "/etc/systemd/system/chrony.service"])
    machine.run(["systemctl", "daemon-reload"])
    machine.run(["systemctl", "start", "chrony"])
    assert chrony(bare) == "active"
    try:
        bare.install(package)
        assert chrony(bare) == "inactive"
        machine.run(["systemctl", "start", "chrony"])
        assert chrony(bare) == "inactive", "a boot doesn't start it either"

        settings = machine.run(["cat", SETTINGS]).stdout
        assert "dedicated = true" in settings
        machine.write(SETTINGS, settings.replace("dedicated = true", "dedicated = false"))
        machine.run(["systemctl", "start", "chrony"])
        assert chrony(bare) == "active"
        process = machine.run(["pidof", "chronyd"]).stdout
        machine.run(["dpkg-reconfigure", "connetos-agent"])
        assert machine.run(["pidof", "chronyd"]).stdout == process, "where it may run nobody disturbs it"

        machine.write(SETTINGS, settings)
        machine.run(["systemctl", "restart", "chrony"])
        assert chrony(bare) == "inactive"
        machine.run(["dpkg", "--purge", "connetos-agent"])
        machine.run(["systemctl", "start", "chrony"])
        assert chrony(bare) == "active"
        assert machine.run(["systemctl", "--failed", "--quiet"]).stdout == ""
    finally:
        machine.run(["systemctl", "stop", "chrony"])


def chrony(switch: PackagedSwitch) -> str:
    shown = switch.machine.run(["systemctl", "is-active", "chrony"], check=False)
    return shown.stdout.strip()
