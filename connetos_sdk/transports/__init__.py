"""Clients: how the SDK talks to a switch."""
