"""The surfaces of the switch: each translates for the configuration manager and the services."""
