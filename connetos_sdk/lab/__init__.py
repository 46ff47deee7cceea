"""Virtual switches and hosts in Linux network namespaces.

from connetos_sdk.lab import Lab, Topology

with Lab(Topology.load("examples/labs/two-leaf.yaml")) as lab:
    print(lab.switch("leaf1").url)
    assert lab.host("h1").ping("198.18.10.2")
"""

from connetos_sdk.lab.errors import CommandError, LabBusyError, LabError, NotRunningError, TopologyError
from connetos_sdk.lab.lab import Lab, Progress
from connetos_sdk.lab.nodes import LabHost, LabSwitch, Node, SwitchStatus
from connetos_sdk.lab.topology import Dataplane, Topology

__all__ = [
    "CommandError",
    "Dataplane",
    "Lab",
    "LabBusyError",
    "LabError",
    "LabHost",
    "LabSwitch",
    "Node",
    "NotRunningError",
    "Progress",
    "SwitchStatus",
    "Topology",
    "TopologyError",
]
