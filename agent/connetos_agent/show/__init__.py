"""Operational state: one function for each area, used by every surface."""
