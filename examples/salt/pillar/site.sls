# What all switches have in common. Salt lays the pillar files of a minion over each other, so each switch gets this and
# its own.
configuration:
  vlans:
    vlan-id:
      10: {vlan-name: web}
      20: {vlan-name: storage}
