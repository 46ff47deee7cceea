"""Configurations in git: what git refuses is told as git tells it, and nothing is put elsewhere instead."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from connetos_sdk.backup import Repository
from connetos_sdk.errors import ConnetosError

TEXT = {"leaf1.conf": "system {\n}\n"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.root
def test_a_repository_of_somebody_else_gets_no_other_one_inside(tmp_path: Path) -> None:
    outer = tmp_path / "configs"
    outer.mkdir()
    git(outer, "init", "--quiet")
    for path in (outer, outer / ".git"):
        os.chown(path, 65534, 65534)
    with pytest.raises(ConnetosError, match="dubious ownership"):
        Repository(outer / "switches").commit(TEXT, "backup")
    assert not list(outer.glob("switches/*")) and not (outer / "switches/.git").exists()


def test_a_folder_in_a_repository_is_committed_to_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commit = Repository(tmp_path / "switches").commit(TEXT, "backup")
    assert git(tmp_path, "show", "--format=%H", "--name-only", "HEAD").split() == [
        commit,
        "switches/leaf1.conf",
    ]


def test_why_git_refuses_is_told_without_credentials(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit(TEXT, "backup")
    with pytest.raises(ConnetosError, match=r"git push in .* failed: fatal: No configured push destination"):
        repository.push()
    branch = git(tmp_path, "branch", "--show-current").strip()
    git(tmp_path, "remote", "add", "origin", "https://ops:geheim@127.0.0.1:1/configs.git")
    git(tmp_path, "config", f"branch.{branch}.remote", "origin")
    git(tmp_path, "config", f"branch.{branch}.merge", f"refs/heads/{branch}")
    with pytest.raises(ConnetosError, match=r"127\.0\.0\.1") as refused:
        repository.push()
    assert "geheim" not in str(refused.value)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "configs")
    repository.commit({"leaf2.conf": ""}, "backup")
    (tmp_path / "elsewhere").write_text("as it was")
    (tmp_path / "configs/leaf1.conf").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConnetosError, match=r"leaf1\.conf can't be written: Too many levels"):
        repository.commit(TEXT, "backup")
    assert (tmp_path / "elsewhere").read_text() == "as it was"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnetosError, match=r"file/configs can't be written: Not a directory"):
        Repository(tmp_path / "file/configs").commit(TEXT, "backup")
