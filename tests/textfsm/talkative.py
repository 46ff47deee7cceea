"""A switch that has something to tell for every template that it can have something for."""

from __future__ import annotations

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.waiting import until

LEAF1 = """\
set vlans vlan-id 10 vlan-name web
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 vlan-name storage
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set loopback-interface interface lo7 address 203.0.113.7/32
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id 10
set interface aggregate-ethernet ae1 ether-options lacp enable true
set interface aggregate-ethernet ae1 family ethernet-switching port-mode trunk
set interface aggregate-ethernet ae1 family ethernet-switching vlan members 10,20
set interface gigabit-ethernet te-1/1/4 ether-options 802.3ad ae1
set analyzer instance span output te-1/1/3
set analyzer instance span input ingress te-1/1/1
set protocols static route 198.18.20.0/24 next-hop 198.18.10.1
set protocols lldp enable true
set protocols lldp advertisement-interval 5
"""
LEAF2 = """\
set vlans vlan-id 10
set vlans vlan-id 20
set interface aggregate-ethernet ae1 ether-options lacp enable true
set interface aggregate-ethernet ae1 family ethernet-switching port-mode trunk
set interface aggregate-ethernet ae1 family ethernet-switching vlan members 10,20
set interface gigabit-ethernet te-1/1/4 ether-options 802.3ad ae1
set protocols lldp enable true
set protocols lldp advertisement-interval 5
"""
COMMANDS = {
    "show_analyzer": "show analyzer",
    "show_arp": "show arp",
    "show_ethernet-switching_table_vxlan": "show ethernet-switching table vxlan",
    "show_interface_management-ethernet_eth0": "show interface management-ethernet eth0",
    "show_lacp_internal": "show lacp internal",
    "show_lacp_neighbor": "show lacp neighbor",
    "show_lldp_local-info": "show lldp local-info",
    "show_lldp_neighbor_detail": "show lldp neighbor te-1/1/4 detail",
    "show_lldp_statistics": "show lldp statistics",
    "show_loopback-interface": "show loopback-interface",
    "show_ospf4_neighbor": "show ospf4 neighbor",
    "show_route_forward-host_ipv4": "show route forward-host ipv4 all",
    "show_route_forward-route_ipv4": "show route forward-route ipv4 all",
    "show_route_table_ipv4_unicast_final": "show route table ipv4 unicast final",
    "show_route_table_ipv4_unicast_final_detail": "show route table ipv4 unicast final detail",
    "show_sflow": "show sflow",
    "show_system_cpu-usage": "show system cpu-usage",
    "show_system_ddm": "show system ddm",
    "show_system_fan": "show system fan",
    "show_system_memory-usage": "show system memory-usage",
    "show_system_rpsu": "show system rpsu",
    "show_system_serial-number": "show system serial-number",
    "show_system_temperature": "show system temperature",
    "show_system_uptime": "show system uptime",
    "show_version": "show version",
    "show_vlan-interface": "show vlan-interface",
    "show_vlans": "show vlans",
    "show_vlans_vlan-id": "show vlans vlan-id 10",
}
"""A command for each template, by the template's name without platform."""


def prepare(lab: Lab, leaves: tuple[Switch, Switch]) -> None:
    """Configure both switches of `TWO_LEAVES` and have them talk."""
    leaves[0].apply_lines(LEAF1)
    leaves[1].apply_lines(LEAF2)
    until(lambda: any(one.local_port == "te-1/1/4" for one in leaves[0].lldp_neighbors()), "LLDP neighbour")
    assert lab.host("h1").ping("198.18.10.254", count=3)
