"""Hypothesis without deadlines (two cores are shared) and with a bounded number of examples."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "connetos",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("connetos")
