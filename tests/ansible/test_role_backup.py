"""Role `backup`: configurations in a git repository, and back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.backup import Form, Repository, file_name
from connetos_sdk.errors import BadRequest, ConnetosError
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible, refusals
from tests.conftest import connected, topology

NAMES = ("leaf1", "leaf2")
HASH = "$6$saltsalt$" + "x" * 86


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    switches = "".join(f"  {name}: {{ports: 4}}\n" for name in NAMES)
    text = f"name: backup-{os.getpid()}\ndataplane: memory\nswitches:\n{switches}"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switches(lab: Lab) -> Iterator[dict[str, Switch]]:
    with connected(lab) as switches:
        yield switches


class Site:
    """Runs playbooks of the collection on both switches."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory, self.folder = directory, directory / "configs"
        self.inventory = lab.directory / "inventory.yml"

    def __call__(self, playbook: str, *arguments: str, **variables: Any) -> Run:
        given = yaml.safe_dump({"backup_folder": str(self.folder), **variables})
        (self.directory / "vars.yml").write_text(given)
        return ansible(
            "ansible-playbook", "-v", "-i", str(self.inventory), "-e", "@vars.yml",
            f"connetos.connetos.{playbook}", *arguments, cwd=self.directory,
        )  # fmt: skip

    def git(self, *arguments: str) -> list[str]:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Site:
    return Site(lab, tmp_path)


def test_one_commit_for_a_change_and_none_without(site: Site, switches: dict[str, Switch]) -> None:
    switches["leaf1"].apply_lines(f"set system login user ops authentication encrypted-password {HASH}")
    planned = site("backup", "--check", "--diff")
    assert planned.results[-1]["files"] == ["leaf1.conf", "leaf2.conf"], planned.output
    assert "+++ after: leaf1.conf" in planned.output and not site.folder.exists()
    first = site("backup")
    assert first.results[-1]["changed"] and first.returncode == 0, first.output
    again = site("backup")
    assert again.returncode == 0 and again.results[-1]["changed"] is False, again.output
    assert site.git("log", "--format=%an %s") == ["ConnetOS backup Backup of leaf1, leaf2"]
    switches["leaf2"].apply_lines("set vlans vlan-id 20")
    second = site("backup", backup_comment="change 4711")
    assert second.results[-1]["files"] == ["leaf2.conf"], second.output
    assert site.git("log", "--format=%s") == ["change 4711", "Backup of leaf1, leaf2"]
    assert site.git("show", "--format=", "--name-only") == ["leaf2.conf"]
    assert second.results[-1]["commit"] == site.git("rev-parse", "HEAD")[0]
    assert HASH not in "\n".join(site.git("log", "-p")) and HASH not in first.output + planned.output
    assert "********" in (site.folder / "leaf1.conf").read_text()
    assert site.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("form", ["text", "set", "json"])
def test_what_was_saved_comes_back(site: Site, switches: dict[str, Switch], form: str) -> None:
    leaf1, leaf2 = (switches[name] for name in NAMES)
    leaf1.apply_lines(
        f"set system login user ops authentication encrypted-password {HASH}\nset vlans vlan-id 10 vlan-name web"
    )
    assert site("backup", backup_form=form).returncode == 0
    wanted = leaf1.config(secrets=True)
    leaf1.apply_lines("delete vlans vlan-id 10\nset vlans vlan-id 30\nset system ntp-server-ip 198.18.0.1")
    leaf2.apply_lines("set vlans vlan-id 40")
    revisions = leaf1.revision(), leaf2.revision()
    planned = site("restore", "--check", "--diff", "--limit", "leaf1", backup_form=form)
    assert "-   vlan-id 30" in planned.output and "+   vlan-id 10" in planned.output, planned.output
    assert (leaf1.revision(), leaf2.revision()) == revisions
    run = site("restore", "--limit", "leaf1", backup_form=form)
    assert run.returncode == 0 and run.recap["changed"] == 1, run.output
    assert leaf1.config(secrets=True) == wanted and 40 in leaf2.vlans()
    assert leaf1.revisions()[0].comment == "restored from HEAD" and leaf1.system().confirm is None
    again = site("restore", "--limit", "leaf1", backup_form=form)
    assert again.recap["changed"] == 0, again.output
    assert HASH not in planned.output + run.output


def test_an_older_version_with_secrets_comes_back_to_a_switch_that_lost_its_users(
    site: Site, switches: dict[str, Switch]
) -> None:
    leaf1 = switches["leaf1"]
    leaf1.apply_lines(f"set system login user ops authentication encrypted-password {HASH}")
    site.folder.mkdir(mode=0o755)
    Repository(site.folder).commit({"leaf1.conf": "vlans {}\n"}, "begun")
    (site.folder / "leaf1.conf").chmod(0o644)
    assert site("backup", backup_secrets=True).returncode == 0
    assert HASH in (site.folder / "leaf1.conf").read_text()
    assert {(site.folder / f"{name}.conf").stat().st_mode & 0o777 for name in NAMES} == {0o600}
    leaf1.apply_lines("delete system login user ops\nset vlans vlan-id 10")
    assert site("backup").returncode == 0
    run = site("restore", "--limit", "leaf1", backup_version="HEAD~1")
    assert run.returncode == 0, run.output
    assert leaf1.config("system login user ops authentication", secrets=True) == {"encrypted-password": HASH}
    assert HASH not in run.output


@pytest.mark.parametrize("form", ["text", "set", "json"])
def test_a_diff_shows_no_secrets_even_where_they_are_saved(
    site: Site, switches: dict[str, Switch], form: Form
) -> None:
    leaf1 = switches["leaf1"]
    user = "set system login user ops authentication encrypted-password"
    leaf1.apply_lines(f"{user} {HASH}\nset vlans vlan-id 10 vlan-name web")
    secrets = ("--diff", "-e", "backup_secrets=true")
    first = site("backup", *secrets, backup_form=form)
    assert "+++ after: leaf1." in first.output and "web" in first.output, first.output
    leaf1.apply_lines(f"{user} {HASH.replace('x', 'y')}")
    other = site("backup", *secrets, "--check", backup_form=form)
    assert other.results[-1]["files"] == [file_name("leaf1", form)], other.output
    assert f"{file_name('leaf1', form)} has changed in nothing that may be shown" in other.output
    masked = site("backup", "--diff", backup_form=form)
    assert masked.results[-1]["changed"], masked.output
    assert "$6$" not in first.output + other.output + masked.output


def test_a_masked_user_that_is_gone_is_named_and_no_switch_is_touched(
    site: Site, switches: dict[str, Switch]
) -> None:
    switches["leaf1"].apply_lines(f"set system login user ops authentication encrypted-password {HASH}")
    assert site("backup").returncode == 0
    switches["leaf1"].apply_lines("delete system login user ops")
    switches["leaf2"].apply_lines("set vlans vlan-id 10")
    run = site("restore")
    assert run.returncode != 0 and "leaf1 can't do it" in run.output, run.output
    assert "system login user ops authentication encrypted-password" in run.output
    assert 10 in switches["leaf2"].vlans()


def test_one_of_many_that_cannot_be_asked(site: Site, switches: dict[str, Switch]) -> None:
    lost = {"connetos_url": "https://127.0.0.1:1"}
    inventory = yaml.safe_load(site.inventory.read_text())
    hosts = inventory["all"]["children"]["switches"]["hosts"]
    hosts["leaf2"].update(lost)
    site.inventory = site.directory / "inventory.yml"
    site.inventory.touch(mode=0o600)
    site.inventory.write_text(yaml.safe_dump(inventory))
    run = site("backup")
    assert run.returncode != 0 and "not saved: leaf2: " in run.output, run.output
    assert site.git("ls-files") == ["leaf1.conf"]


def test_a_bad_value_is_named(site: Site, switches: dict[str, Switch], tmp_path: Path) -> None:
    Repository(site.folder).commit({"leaf1.conf": "", "leaf2.conf": ""}, "empty")
    restored = {"backup_state": "restored"}
    cases = [
        ({"backup_form": "xml"}, "value of backup_form must be one of: text, set, json"),
        ({"backup_author": "me"}, "'me' isn't an author (ConnetOS backup <backup@localhost>)"),
        ({**restored, "backup_version": "nonsuch"}, "has no version nonsuch"),
        ({**restored, "backup_version": "--help"}, "has no version --help"),
        ({**restored, "backup_form": "json"}, "leaf1.json isn't in version HEAD"),
    ]
    folder = {"backup_folder": str(site.folder)}
    given = [{**folder, **variables} for variables, _ in cases] + [{}]
    told, run = refusals(site.inventory, tmp_path, "backup", *given, once=True)
    wanted = [*(words for _, words in cases), "missing required arguments: backup_folder"]
    assert len(told) == len(wanted), run.output
    for words, message in zip(wanted, told, strict=True):
        assert words in message
    assert "Traceback" not in run.output


def test_commits_go_to_the_remote_and_other_work_is_left_alone(
    site: Site, switches: dict[str, Switch], tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "remote.git")], check=True)
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "remote.git"), str(site.folder)], check=True)
    (site.folder / "notes").write_text("half done")
    site.git("add", "notes")
    run = site("backup", "-e", "backup_push=true")
    assert run.returncode == 0, run.output
    assert site.git("rev-parse", "@{upstream}") == site.git("rev-parse", "HEAD")
    assert site.git("ls-tree", "--name-only", "HEAD") == ["leaf1.conf", "leaf2.conf"]
    assert site.git("status", "--porcelain") == ["A  notes"]


def test_a_backup_that_git_refused_is_made_up_for(site: Site, switches: dict[str, Switch]) -> None:
    Repository(site.folder).commit({"notes": "mine"}, "begun")
    hook = site.folder / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    for _ in range(2):
        refused = site("backup")
        assert refused.returncode != 0 and "git commit in" in refused.output, refused.output
        assert "not today" in refused.output
    hook.unlink()
    run = site("backup")
    assert run.results[-1]["files"] == ["leaf1.conf", "leaf2.conf"], run.output
    assert site.git("log", "--format=%s") == ["Backup of leaf1, leaf2", "begun"]
    assert site.git("status", "--porcelain") == []


def test_a_commit_that_the_remote_refused_goes_to_it_later(
    site: Site, switches: dict[str, Switch], tmp_path: Path
) -> None:
    remote, away = tmp_path / "remote.git", tmp_path / "away.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    subprocess.run(["git", "clone", "--quiet", str(remote), str(site.folder)], check=True)
    remote.rename(away)
    lost = site("backup", backup_push=True)
    assert lost.returncode != 0 and "git push in" in lost.output, lost.output
    still = site("backup", backup_push=True)
    assert still.returncode != 0 and "git push in" in still.output, still.output
    away.rename(remote)
    planned = site("backup", "--check", backup_push=True)
    assert planned.results[-1]["changed"] and planned.results[-1]["files"] == [], planned.output
    assert site.git("ls-remote", "origin") == []
    run = site("backup", backup_push=True)
    assert run.returncode == 0 and run.results[-1]["changed"], run.output
    assert site.git("ls-remote", "origin", "HEAD")[0].split()[0] == site.git("rev-parse", "HEAD")[0]
    assert site("backup", backup_push=True).results[-1]["changed"] is False


def test_names_and_repositories_that_cannot_be(tmp_path: Path) -> None:
    for name in ("../leaf1", ".git", "", "a/b", "-x"):
        with pytest.raises(BadRequest, match="can't be the name of a file"):
            file_name(name)
    repository = Repository(tmp_path / "configs")
    with pytest.raises(ConnetosError, match=r"git push in .* failed"):
        repository.commit({"leaf1.conf": "vlans {}\n"}, "first")
        repository.push()


def test_a_folder_of_a_repository_that_has_other_things(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("[]\n")
    Repository(tmp_path).commit({"site.yml": "[]\n"}, "playbooks")
    repository = Repository(tmp_path / "configs", "Ops <ops@example.org>")
    commit = repository.commit({"leaf1.conf": "vlans {}\n"}, "configurations")
    repository.commit({"leaf1.conf": "system {}\n"}, "later")
    assert repository.read_version("leaf1.conf", commit) == "vlans {}\n"
    assert repository.read_version("leaf1.conf", "HEAD") == "system {}\n"
    assert not (tmp_path / "configs/.git").exists()
    with pytest.raises(ConnetosError, match=r"site\.yml isn't in version HEAD"):
        repository.read_version("site.yml", "HEAD")
