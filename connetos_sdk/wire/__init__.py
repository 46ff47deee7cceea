"""Formats spoken on the wire, for both ends."""
