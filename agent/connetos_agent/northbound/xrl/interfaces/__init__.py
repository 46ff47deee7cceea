"""The interfaces that the agent's targets offer, one module each; docs/xrl.md lists them."""
