"""Measurements beside the peers: `python -m benchmarks` on a machine with root and Open vSwitch."""
