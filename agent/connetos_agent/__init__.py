"""The agent: makes a Debian box with a real data plane a ConnetOS switch."""
