"""The transcript of docs/xrl.md, replayed at a switch; and its tables, compared with what targets offer."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from connetos_sdk.transports.xrl_client import XrlClient
from tests.conftest import ROOT
from tests.docs.test_transcripts import blocks, pattern, steps
from tests.xrl.conftest import XrlSwitch

PAGE = ROOT / "docs/xrl.md"


def test_the_transcript_is_what_happens(switch: XrlSwitch) -> None:
    environment = {**os.environ, "XORP_FINDER_SERVER_PORT": str(switch.finder[1]), "PYTHONPATH": str(ROOT)}
    for kind, _, body in blocks(PAGE):
        for step in steps(body) if kind == "console" else []:
            command = step.command.replace("connetos xrl", f"{sys.executable} -m connetos_sdk.xrl_cli")
            done = subprocess.run(
                ["bash", "-c", command],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert pattern(step.expected).fullmatch(done.stdout), (
                f"$ {step.command}\n{done.stdout}{done.stderr}"
            )


def test_every_method_of_ours_is_in_the_page(client: XrlClient) -> None:
    text = PAGE.read_text("utf-8")
    ours = [command for command in client.methods("connetos") if command.startswith("connetos_")]
    assert len(ours) > 25
    for command in ours:
        interface, method = command.rsplit("/", 1)
        assert f"**{interface}**" in text
        assert re.search(rf"`{method}( |`)", text), command
