"""Auto provision for the planner: everything that switches out of their box need, made from one plan of a fabric.

plan = Plan.load("fabric.yaml")
plan.build().write("/srv/tftp")
access = Access("ops", password)
for row in status(plan, access):
    print(row.name, row.state, row.reason)
for difference in cabling(plan, access).differences:
    print(difference.text)
refresh(plan, access, "/srv/tftp")
"""

from connetos_sdk.atp.access import Access, Connect
from connetos_sdk.atp.cables import CablingDifference, CablingReport, cabling
from connetos_sdk.atp.errors import PlanError
from connetos_sdk.atp.plan import Plan, PlannedSwitch, Role
from connetos_sdk.atp.progress import SwitchProgress, status
from connetos_sdk.atp.provisioning import Change, Provisioning
from connetos_sdk.atp.replacement import Refreshed, refresh

__all__ = [
    "Access",
    "CablingDifference",
    "CablingReport",
    "Change",
    "Connect",
    "Plan",
    "PlanError",
    "PlannedSwitch",
    "Provisioning",
    "Refreshed",
    "Role",
    "SwitchProgress",
    "cabling",
    "refresh",
    "status",
]
