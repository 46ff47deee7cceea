"""docs/salt.md as tests read it: its files, and sessions that are replayed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from tests.conftest import ROOT
from tests.salt.site import Site

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$", re.M | re.S)


def blocks() -> Iterator[dict[str, str]]:
    """Blocks of code: `kind`, the `name` of the file that it is, if any, and `body`."""
    for block in _BLOCK.finditer((ROOT / "docs/salt.md").read_text()):
        yield block.groupdict(default="")


def replay(site: Site, transcript: str) -> None:
    """Run the commands; their output has the lines that the transcript shows, in that order."""
    for part in re.split(r"^\$ ", transcript, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command)
        more = ["-t", "60"] if program == "salt" else []
        done = site.run(program, *more, "--no-color", *arguments)
        lines = iter(map(_normal, done.stdout.splitlines()))
        for expected in filter(None, map(_normal, shown.splitlines())):
            assert any(line.startswith(expected) for line in lines), (
                f"{expected}\nnot in\n{done.stdout}{done.stderr}"
            )


def _normal(line: str) -> str:
    return " ".join(line.split())
