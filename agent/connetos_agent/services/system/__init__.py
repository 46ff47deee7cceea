"""The machine on request: its clock, its log, a reboot, a report for support."""
