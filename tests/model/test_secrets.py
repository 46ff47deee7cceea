"""Secrets are found in what is typed."""

from __future__ import annotations

import pytest

from connetos_sdk.model.secrets import secret_leaves, secrets_in

USER = "set system login user second authentication"


def test_the_schema_says_which_leaves_are_secret() -> None:
    assert {"plain-text-password", "encrypted-password"} <= secret_leaves()
    assert not {"class", "vlan-name", "hostname"} & secret_leaves()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{USER} plain-text-password hunter2", ["hunter2"]),
        (f'{USER} plain-text-password "two words"\n', ['"two words"', "two words"]),
        (f"{USER} encrypted-password $6$salt$hash", ["$6$salt$hash"]),
        ("set sytem typo plain-text-password hunter2", ["hunter2"]),
        ('plain-text-password: "hunter2"', ['"hunter2"', "hunter2"]),
        (f"{USER} plain-text-password", []),
        (f'{USER} plain-text-password "not closed\n', ['"not closed']),
        ("set vlans vlan-id 10 vlan-name web", []),
        ("", []),
    ],
)
def test_secrets_in_a_line(line: str, found: list[str]) -> None:
    assert secrets_in(line) == found
