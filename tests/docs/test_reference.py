"""Generated pages are as the schema is now."""

from __future__ import annotations

from tests.docs.tools import load


def test_configuration_reference_is_made_from_the_schema() -> None:
    for file, text in load("configuration_reference").pages().items():
        assert file.read_text("utf-8") == text, "run python tools/configuration_reference.py"
