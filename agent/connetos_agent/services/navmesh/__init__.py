"""Navmesh: where a flow goes through this switch, from its tables, or why it stops here."""
