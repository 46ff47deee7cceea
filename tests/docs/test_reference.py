"""Generated pages are as the schema is now."""

from __future__ import annotations

import importlib.util

from tests.conftest import ROOT


def test_configuration_reference_is_made_from_the_schema() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools/configuration_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page(), "run python tools/configuration_reference.py"
