"""`salt-state-20`, milliseconds: one job of a Salt master for 20 switches on the memory data plane, below one deltaproxy.

* ours: `state.apply` of a configuration state that changes every one of them.
* peer: `test.ping` of the same minions.

Medians, measured in turn by one client, without the start of the `salt` program.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.lab import Lab, Topology
from tests.conftest import ROOT
from tests.salt.conftest import access
from tests.salt.site import Site

NAME = "salt-state-20"
AIM = 2.0
SWITCHES = 20
RUNS, WARM_UP = 7, 2
READY_S = 900.0
SLS = """\
VLAN of the run:
  connetos_config.managed:
    - lines:
      - set vlans vlan-id 10 vlan-name {{ pillar["name"] }}
"""


def run(_rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    progress("installing Salt")
    subprocess.run(["make", "-s", "build/salt/.installed"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    progress(f"setting up {SWITCHES} switches")
    names = [f"leaf{number}" for number in range(1, SWITCHES + 1)]
    topology = {
        "name": f"bench-salt-{os.getpid()}",
        "dataplane": "memory",
        "switches": {n: {"ports": 2} for n in names},
    }
    with tempfile.TemporaryDirectory() as folder, Lab(Topology.from_document(topology, "benchmarks")) as lab:
        site = Site(ROOT / "build/salt/bin", Path(folder), synced=None)
        pillars = {n: {"proxy": {"proxytype": "connetos", **access(lab.switch(n))}} for n in names}
        site.pillar(**pillars, rack={"proxy": {"proxytype": "deltaproxy", "ids": names}})
        site.sls("bench", SLS)
        try:
            site.start()
            site.proxy("rack", metaproxy="deltaproxy")
            progress("waiting for 20 proxies")
            site.wait(*names, limit_s=READY_S)
            progress(f"{RUNS} runs")
            taken = _jobs(site, names)[WARM_UP:]
        finally:
            site.stop()
    own, other = (statistics.median(side) for side in zip(*taken, strict=True))
    return Row.compared(NAME, own, other, "ms", AIM)


def _jobs(site: Site, names: list[str]) -> list[list[float]]:
    program = [
        site.programs / "python",
        ROOT / "benchmarks/salt_jobs.py",
        site.etc / "master",
        ",".join(names),
    ]
    done = subprocess.run(
        [*program, str(WARM_UP + RUNS)], capture_output=True, text=True, timeout=1200, check=False
    )
    told = [line[3:] for line in done.stdout.splitlines() if line.startswith("=> ")]
    if done.returncode or not told:
        raise BenchmarkError(f"{done.stderr[-2000:]}{site.logs()}")
    taken: list[list[float]] = json.loads(told[0])
    return taken
