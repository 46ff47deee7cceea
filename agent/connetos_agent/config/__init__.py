"""Configurations of the switch: datastores, sessions, the transaction, history."""
