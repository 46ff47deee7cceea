"""Compares how the switches of a plan are cabled, as LLDP tells it, with how they are planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connetos_sdk.atp.access import Connect, fleet
from connetos_sdk.planned_cabling import CablingDifference, CablingReport, compare

if TYPE_CHECKING:
    from connetos_sdk.atp.plan import Plan

__all__ = ["CablingDifference", "CablingReport", "cabling"]


def cabling(plan: Plan, connect: Connect) -> CablingReport:
    """Compare the cables of a plan with what LLDP tells on its switches now.

    Args:
        plan: switches and links.
        connect: makes the connection to a switch, see `Access`.
    """
    return compare(plan.links, fleet(plan, connect).cabling())
