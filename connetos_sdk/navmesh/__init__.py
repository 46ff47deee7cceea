"""Where does this flow go, and where does it stop: on one switch (`Switch.navmesh`) and across many (`Fabric`).

flow = FiveTuple("198.18.1.1", "198.18.2.1", "tcp", 40123, 443)
print(switch.navmesh(flow))
"""

from connetos_sdk.cabling import End, Link
from connetos_sdk.navmesh.fabric import Fabric
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.results import Egress, Ingress, NavmeshResult, Path, Seen, Step
from connetos_sdk.navmesh.trips import Attachment, FabricResult

__all__ = [
    "Attachment",
    "Egress",
    "End",
    "Fabric",
    "FabricResult",
    "FiveTuple",
    "Ingress",
    "Link",
    "NavmeshResult",
    "Path",
    "Seen",
    "Step",
]
