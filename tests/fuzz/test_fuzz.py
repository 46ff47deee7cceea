"""Coverage-guided fuzzing of everything that reads bytes from the network, for a bounded number of runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.targets import TARGETS

RUNS = 30_000
MEMORY_MIB = 512


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_hostile_bytes_are_read_or_refused(name: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(TARGETS[name][1]):
        (corpus / f"seed{number}").write_bytes(seed)
    options = [f"-runs={RUNS}", "-seed=1", "-max_len=600", f"-rss_limit_mb={MEMORY_MIB}", "-timeout=10",
               "-max_total_time=25", f"-artifact_prefix={tmp_path}/"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, str(corpus), *options],
        cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr


@pytest.mark.parametrize("name", TARGETS)
def test_good_bytes_are_read(name: str) -> None:
    read, seeds = TARGETS[name]
    for seed in seeds:
        read(seed)
