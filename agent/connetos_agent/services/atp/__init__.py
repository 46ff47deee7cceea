"""ATP, auto provision: a switch out of its box finds its identity and its configuration by itself (docs/atp.md)."""
