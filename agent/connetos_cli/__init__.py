"""The `cli` program: the switch's command line on a terminal, for people logged in on the switch."""
