"""Replays the transcripts of docs/rcc.md on a switch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.docs.test_transcripts import blocks, pattern, steps
from tests.rcc.process import Sshd


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")
def test_rcc_page(memory_lab: Lab, switch: Switch, tmp_path: Path) -> None:
    leaf = memory_lab.switch("leaf1")
    sshd = Sshd(leaf.files.run / "cli.sock", tmp_path / "state", tmp_path / "log")
    try:
        environment = prepared(sshd, tmp_path, leaf.password)
        for kind, _, body in blocks(ROOT / "docs/rcc.md"):
            if kind != "console":
                continue
            for step in steps(body):
                done = subprocess.run(
                    ["bash", "-c", step.command],
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert pattern(step.expected).fullmatch(done.stdout), (
                    f"$ {step.command}\n{done.stdout}{done.stderr}"
                )
    finally:
        sshd.stop()


def prepared(sshd: Sshd, directory: Path, password: str) -> dict[str, str]:
    """An environment in which `leaf1` is the lab's switch for `rcc` and `ssh`."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(directory / "id"))
    (directory / "id").chmod(0o600)
    trusted = sshd.state / "authorized_keys" / "admin"
    trusted.parent.mkdir(mode=0o700)
    trusted.write_bytes(key.export_public_key())
    trusted.chmod(0o600)
    known = sshd.known_hosts(directory / "known_hosts")
    known.write_text(known.read_text().replace("127.0.0.1", "leaf1"))
    (directory / "sitecustomize.py").write_text(
        "import socket\nreal = socket.getaddrinfo\n"
        "socket.getaddrinfo = lambda host, *a, **k: real('127.0.0.1' if host == 'leaf1' else host, *a, **k)\n"
    )
    programs = directory / "bin"
    programs.mkdir()
    write(
        programs / "rcc",
        f'exec {sys.executable} -m connetos_sdk.rcc_cli --port {sshd.port} --known-hosts {known} "$@"',
    )
    options = (
        f"-F none -i {directory / 'id'} -p {sshd.port} -o UserKnownHostsFile={known} -o HostName=127.0.0.1"
    )
    write(programs / "ssh", f'exec {shutil.which("ssh")} {options} -o HostKeyAlias=[leaf1]:{sshd.port} "$@"')
    paths = [str(directory), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(paths),
        "RCC_PASSWORD": password,
        "RCC_USER": "admin",
    }


def write(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
