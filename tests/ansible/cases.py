"""Cases of the modules that need nothing but a switch; those of resources are Salt's, too."""

from __future__ import annotations

from typing import Any

from tests.ansible.matrix import Case

PORT = "te-1/1/1"
VLANS = ["set vlans vlan-id 10", "set vlans vlan-id 20"]


def resource(
    create: Any,
    change: Any,
    bad: Any,
    reason: str,
    *,
    remove: Any = None,
    before: tuple[str, ...] = (),
    whole: bool = True,
) -> Case:
    """The case of a resource module; `remove` is what its state `deleted` is given."""
    return Case(
        create={"config": create},
        change={"config": change, "state": "replaced"},
        remove={"state": "deleted", **({} if remove is None else {"config": remove})},
        bad={"config": bad},
        reason=reason,
        before=before,
        whole=whole,
    )


CASES: dict[str, Case] = {
    "config": Case(
        create={"lines": ["set vlans vlan-id 10 vlan-name web"]},
        change={"document": {"vlans": {"vlan-id": {10: {"vlan-name": "db"}}}}},
        remove={"path": "vlans", "document": {}, "state": "replaced"},
        bad={"lines": ["set vlans vlan-id 5000"]},
        reason="5000 is outside 1 to 4094",
        whole=False,
    ),
    "command": Case(
        read={"commands": ["show vlans"]},
        change={"commands": ["clear lldp statistics"]},
        bad={"commands": ["show bogus"]},
        reason='"bogus" is not recognized',
    ),
    "facts": Case(
        read={"gather_subset": ["all"]},
        bad={"gather_network_resources": ["nonsense"]},
        reason="there is no resource nonsense",
    ),
    "rollback": Case(
        create={"revision": "{{ ansible_facts.net_revision | int - 1 }}"},
        change={"rollback": 1, "confirm": 300},
        remove={"cancel_confirmed": True},
        bad={"rollback": 9999},
        reason="9999",
        before=("set vlans vlan-id 10",),
        whole=False,
    ),
    "vlans": resource(
        [{"vlan_id": 10, "vlan_name": "web"}],
        [{"vlan_id": 10, "description": "tier-1"}],
        [{"vlan_id": 5000}],
        "5000",
    ),
    "interfaces": resource(
        [{"interface_name": PORT, "description": "server-1", "mtu": 9000}],
        [{"interface_name": PORT, "enable": False}],
        [{"interface_name": PORT, "mtu": 1}],
        "1 is out of range",
        remove=[{"interface_name": PORT}],
    ),
    "l2_interfaces": resource(
        [{"interface_name": PORT, "native_vlan_id": 10}],
        [{"interface_name": PORT, "port_mode": "trunk", "vlan": {"members": ["10", "20"]}}],
        [{"interface_name": PORT, "native_vlan_id": 99}],
        "set vlans vlan-id 99 first",
        before=tuple(VLANS),
    ),
    "l3_interfaces": resource(
        [{"l3_interface_name": "vlan10", "address": [{"vif_ip_address": "198.18.1.1", "prefix_length": 24}]}],
        [{"l3_interface_name": "vlan10", "mtu": 1400}],
        [
            {
                "l3_interface_name": "vlan10",
                "address": [{"vif_ip_address": "198.18.1.300", "prefix_length": 24}],
            }
        ],
        "198.18.1.300",
        before=("set vlans vlan-id 10 l3-interface vlan10",),
    ),
    "static_routes": resource(
        [{"route_prefix": "198.18.20.0/24", "next_hop": "198.18.1.2"}],
        [{"route_prefix": "198.18.20.0/24", "next_hop": "198.18.1.3", "metric": 5}],
        [{"route_prefix": "198.18.20.1/24", "next_hop": "198.18.1.2"}],
        "198.18.20.1/24",
        before=(
            "set vlans vlan-id 10 l3-interface vlan10",
            "set vlan-interface interface vlan10 address 198.18.1.1 prefix-length 24",
        ),
    ),
    "lag_interfaces": resource(
        [{"ae_number": "ae1", "description": "uplink", "ether_options": {"lacp": {"enable": True}}}],
        [{"ae_number": "ae1", "mtu": 9000}],
        [{"ae_number": "eth1"}],
        "eth1",
    ),
    "banner": resource(
        {"announcement": "Keep out"}, {"announcement": "Come in"}, {"announcement": ""}, "0 characters"
    ),
    "ntp_global": resource(
        {"ntp_server_ip": "198.18.0.1"}, {"ntp_server_ip": "198.18.0.2"}, {"ntp_server_ip": "ntp"}, "ntp"
    ),
    "logging_global": resource(
        {"host": {"server_ip": "198.18.0.3"}, "log_level": "warning"},
        {"log_level": "error"},
        {"log_facility": 8},
        "8 is out of range",
    ),
    "lldp_global": resource(
        {"enable": True, "advertisement_interval": 40},
        {"enable": True, "hold_time_multiplier": 5},
        {"advertisement_interval": 0},
        "0 is out of range",
    ),
    "lldp_interfaces": resource(
        [{"interface_name": PORT, "status": "tx-only"}],
        [{"interface_name": PORT, "status": "rx-only"}],
        [{"interface_name": "eth0", "status": "rx-only"}],
        "eth0",
    ),
    "user": resource(
        [{"user_name": "bob", "authentication": {"plain_text_password": "first-secret"}}],
        [
            {
                "user_name": "bob",
                "class": "read-only",
                "authentication": {"plain_text_password": "other-secret"},
            }
        ],
        [{"user_name": "b b"}],
        "b b",
        remove=[{"user_name": "bob"}],
    ),
    "system": resource(
        {"hostname": "spine1"},
        {"hostname": "spine2"},
        {"hostname": "-"},
        "isn't of the right form",
        whole=False,
    ),
}
