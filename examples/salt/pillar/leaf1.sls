configuration:
  interface:
    gigabit-ethernet:
      te-1/1/1:
        description: web-1
        family: {ethernet-switching: {native-vlan-id: 10}}
      te-1/1/2:
        description: storage-1
        mtu: 9000
        family: {ethernet-switching: {native-vlan-id: 20}}
      te-1/1/4:
        description: leaf2
        family: {ethernet-switching: {port-mode: trunk, vlan: {members: ['10', '20']}}}
