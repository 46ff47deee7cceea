configuration:
  interface:
    gigabit-ethernet:
      te-1/1/1:
        description: web-2
        family: {ethernet-switching: {native-vlan-id: 10}}
      te-1/1/4:
        description: leaf1
        family: {ethernet-switching: {port-mode: trunk, vlan: {members: ['10', '20']}}}
