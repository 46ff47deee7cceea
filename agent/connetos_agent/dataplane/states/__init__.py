"""States of data plane objects: what is compared, planned, applied and read back.

Field values are in the units of the configuration (frame sizes in bytes, VLAN IDs), so that a state can be
read next to it. All are frozen; equality is what verification means.
"""
