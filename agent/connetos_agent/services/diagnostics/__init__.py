"""Ping, traceroute and capture: what a network engineer asks of a switch first."""
