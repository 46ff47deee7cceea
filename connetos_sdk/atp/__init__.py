"""Auto provision for the planner: everything that switches out of their box need, made from one plan of a fabric.

provisioning = Plan.load("fabric.yaml").build()
provisioning.write("/srv/tftp")
"""

from connetos_sdk.atp.errors import PlanError
from connetos_sdk.atp.plan import Plan, PlannedSwitch, Role
from connetos_sdk.atp.provisioning import Change, Provisioning

__all__ = ["Change", "Plan", "PlanError", "PlannedSwitch", "Provisioning", "Role"]
