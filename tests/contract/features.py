"""What the façade does, and which transport can't: a wrong "can't" fails as a wrong "can" does.

Names are those of the tests, in `test_contract.py` (our agent) and `test_vendor.py` (a vendor's switch).
`docs/sdk.md` shows this as a table.
"""

from __future__ import annotations

COLUMNS = {"rest": "REST", "xrl": "XRL", "rcc": "RCC", "vendor": "RCC, vendor's switch"}

FEATURES: dict[str, str] = {
    "test_config": "`config`: the running configuration",
    "test_config_with_defaults": "`config(defaults=True)`",
    "test_config_with_secrets": "`config(secrets=True)`",
    "test_startup_configuration": '`config(source="startup")`',
    "test_earlier_configuration": '`config(source="revision/<id>")`',
    "test_config_text": "`config_text`: curly braces, `set` lines",
    "test_revision": "`revision`",
    "test_merge": "`merge`",
    "test_replace": "`replace`",
    "test_delete": "`delete`",
    "test_apply_lines": "`apply_lines`",
    "test_comment": "`comment=`",
    "test_confirm": "`confirm=`: rolls back unless confirmed",
    "test_confirming": "`confirm()`",
    "test_cancelling": "`cancel_confirmed()`",
    "test_dry_run": "`dry_run=True`, `Change.check()`: diff and plan",
    "test_if_revision": "`if_revision=`",
    "test_candidate": "`configure`: a candidate, its configuration and diff",
    "test_candidate_loads_text": "`Change.load`: JSON, curly braces, `set` lines",
    "test_candidate_replaces": "`Change.merge`, `Change.replace`",
    "test_candidate_is_discarded": "`Change.discard`",
    "test_candidate_from_an_earlier_configuration": "`Change.rollback`",
    "test_scheduled_commit": "`Change.schedule`, `cancel_scheduled`",
    "test_exclusive": "`configure(exclusive=True)`",
    "test_candidate_without_its_connection": "a candidate outlives its connection",
    "test_revisions": "`revisions`",
    "test_revision_diff": "`revision_diff`",
    "test_rollback": "`rollback`: so many commits back",
    "test_rollback_to_a_revision": "`rollback(revision=)`, with `comment`, `confirm`, `dry_run`",
    "test_save": "`save`",
    "test_state": "`state` at any path",
    "test_system": "`system`",
    "test_interfaces": "`interfaces`",
    "test_vlans": "`vlans`",
    "test_vlan_interfaces": "`vlan_interfaces`",
    "test_loopbacks": "`loopbacks`",
    "test_routes": "`routes`",
    "test_lldp_neighbors": "`lldp_neighbors`",
    "test_management": "`management`",
    "test_cli": "`cli`: an operational command",
    "test_events": "`events`",
    "test_progress": "progress of operations",
}

UNSUPPORTED: dict[str, frozenset[str]] = {
    "rest": frozenset(),
    "xrl": frozenset({"test_progress"}),
    "rcc": frozenset({
        "test_config_with_secrets",
        "test_candidate_from_an_earlier_configuration",
        "test_candidate_without_its_connection",
        "test_scheduled_commit",
        "test_events",
        "test_progress",
    }),
    "vendor": frozenset({
        "test_config_with_secrets",
        "test_startup_configuration",
        "test_earlier_configuration",
        "test_revision",
        "test_confirming",
        "test_cancelling",
        "test_if_revision",
        "test_candidate_from_an_earlier_configuration",
        "test_candidate_without_its_connection",
        "test_scheduled_commit",
        "test_revisions",
        "test_revision_diff",
        "test_rollback_to_a_revision",
        "test_state",
        "test_interfaces",
        "test_lldp_neighbors",
        "test_events",
        "test_progress",
    }),
}  # fmt: skip


def table() -> str:
    """The table of docs/sdk.md."""
    rows = [["", *COLUMNS.values()], ["---"] + ["---"] * len(COLUMNS)]
    for name, words in FEATURES.items():
        rows.append([words, *("" if name in UNSUPPORTED[column] else "yes" for column in COLUMNS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
