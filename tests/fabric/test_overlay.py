"""Changes that are worked out from what is configured."""

from __future__ import annotations

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import PreconditionFailed, UnknownPath
from connetos_sdk.overlay import overlay, rework


def test_what_is_purged_goes_and_the_rest_stays(switch: Switch) -> None:
    switch.apply_lines(
        "set vlans vlan-id 10\nset system login user ops authentication plain-text-password secret"
    )
    before = switch.config("system", secrets=True)
    done = overlay(switch, {"vlans": {"vlan-id": {"20": {}}}}, ["vlans"], comment="twenty")
    assert done.changed and list(switch.config("vlans vlan-id")) == ["20"]
    assert switch.config("system", secrets=True) == before  # passwords, too
    assert switch.revisions()[0].comment == "twenty"
    assert not overlay(switch, {"vlans": {"vlan-id": {"20": {}}}}, ["vlans"]).changed


def test_a_path_that_is_none_changes_nothing(switch: Switch) -> None:
    before = switch.revision()
    with pytest.raises(UnknownPath, match="one of system, interface, protocols, vlans"):
        overlay(switch, {}, ["vlan"])
    assert switch.revision() == before


def test_somebody_else_in_between(switch: Switch) -> None:
    """The change is worked out anew; but not where the caller has fixed the revision."""
    others = iter(("set vlans vlan-id 11", "set vlans vlan-id 12"))

    def make(present: dict[str, object]) -> dict[str, object]:
        if line := next(others, ""):
            switch.apply_lines(line)
        return {**present, "20": {}}

    done = rework(switch, make, "vlans vlan-id")
    assert {"11", "12"} <= set(done.before) and {"11", "12", "20"} <= set(switch.config("vlans vlan-id"))
    with pytest.raises(PreconditionFailed):
        rework(switch, lambda present: {}, "vlans", if_revision=switch.revision() - 1)
