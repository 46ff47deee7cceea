# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.
"""Argument specifications of `config` of the resource modules."""

from __future__ import annotations

CONFIGS = {
    "vlans": {
        "type": "list",
        "elements": "dict",
        "options": {
            "vlan_id": {"type": "str", "required": True},
            "description": {"type": "str"},
            "vlan_name": {"type": "str"},
            "l3_interface": {"type": "str"},
        },
    },
    "interfaces": {
        "type": "list",
        "elements": "dict",
        "options": {
            "interface_name": {"type": "str", "required": True},
            "description": {"type": "str"},
            "edge_port": {"type": "dict", "options": {"enable": {"type": "bool"}}},
            "enable": {"type": "bool"},
            "ether_options": {
                "type": "dict",
                "options": {
                    "ieee_802_3ad": {"type": "str"},
                    "flow_control": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "mac_learning": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                },
            },
            "mtu": {"type": "int"},
            "rate_limiting": {
                "type": "dict",
                "options": {
                    "egress": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                    "ingress": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                },
            },
            "speed": {"type": "int", "choices": [1000, 10000, 40000]},
            "storm_control": {
                "type": "dict",
                "options": {
                    "broadcast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                    "multicast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                    "unicast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                },
            },
        },
    },
    "l2_interfaces": {
        "type": "list",
        "elements": "dict",
        "options": {
            "interface_name": {"type": "str", "required": True},
            "native_vlan_id": {"type": "int"},
            "port_mode": {"type": "str", "choices": ["access", "trunk"]},
            "vlan": {"type": "dict", "options": {"members": {"type": "list", "elements": "str"}}},
        },
    },
    "l3_interfaces": {
        "type": "list",
        "elements": "dict",
        "options": {
            "l3_interface_name": {"type": "str", "required": True},
            "address": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "vif_ip_address": {"type": "str", "required": True},
                    "prefix_length": {"type": "int"},
                },
            },
            "description": {"type": "str"},
            "dhcp_relay": {"type": "dict", "options": {"server_ip": {"type": "list", "elements": "str"}}},
            "mtu": {"type": "int"},
        },
    },
    "lag_interfaces": {
        "type": "list",
        "elements": "dict",
        "options": {
            "ae_number": {"type": "str", "required": True},
            "description": {"type": "str"},
            "enable": {"type": "bool"},
            "ether_options": {
                "type": "dict",
                "options": {
                    "flow_control": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "lacp": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "mac_learning": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "min_selected_port": {"type": "int"},
                },
            },
            "family": {
                "type": "dict",
                "options": {
                    "ethernet_switching": {
                        "type": "dict",
                        "options": {
                            "native_vlan_id": {"type": "int"},
                            "port_mode": {"type": "str", "choices": ["access", "trunk"]},
                            "vlan": {
                                "type": "dict",
                                "options": {"members": {"type": "list", "elements": "str"}},
                            },
                        },
                    }
                },
            },
            "mtu": {"type": "int"},
            "static_mac_address": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "static_mac_address": {"type": "str", "required": True},
                    "vlan": {"type": "list", "elements": "int"},
                },
            },
            "storm_control": {
                "type": "dict",
                "options": {
                    "broadcast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                    "multicast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                    "unicast": {"type": "dict", "options": {"kilobits": {"type": "int"}}},
                },
            },
        },
    },
    "static_routes": {
        "type": "list",
        "elements": "dict",
        "options": {
            "route_prefix": {"type": "str", "required": True},
            "metric": {"type": "int"},
            "next_hop": {"type": "str"},
            "qualified_next_hop": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "qualified_next_hop": {"type": "str", "required": True},
                    "metric": {"type": "int"},
                },
            },
        },
    },
    "lldp_global": {
        "type": "dict",
        "options": {
            "advertisement_interval": {"type": "int"},
            "enable": {"type": "bool"},
            "hold_time_multiplier": {"type": "int"},
            "reinit_delay": {"type": "int"},
            "tlv_select": {
                "type": "dict",
                "options": {
                    "port_description": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "system_name": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "system_description": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "system_capabilities": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "management_address": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "port_vlan": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                    "mac_phy_cfg": {"type": "dict", "options": {"enable": {"type": "bool"}}},
                },
            },
            "transmit_delay": {"type": "int"},
        },
    },
    "lldp_interfaces": {
        "type": "list",
        "elements": "dict",
        "options": {
            "interface_name": {"type": "str", "required": True},
            "status": {"type": "str", "choices": ["disabled", "rx-only", "tx-only", "tx-rx"]},
        },
    },
    "user": {
        "type": "list",
        "elements": "dict",
        "options": {
            "user_name": {"type": "str", "required": True},
            "authentication": {
                "type": "dict",
                "options": {
                    "plain_text_password": {"type": "str", "no_log": True},
                    "encrypted_password": {"type": "str", "no_log": True},
                },
            },
            "class": {"type": "str", "choices": ["read-only", "super-user"]},
        },
    },
    "banner": {"type": "dict", "options": {"announcement": {"type": "str"}}},
    "ntp_global": {"type": "dict", "options": {"ntp_server_ip": {"type": "str"}}},
    "logging_global": {
        "type": "dict",
        "options": {
            "host": {"type": "dict", "options": {"server_ip": {"type": "list", "elements": "str"}}},
            "log_facility": {"type": "int"},
            "log_level": {"type": "str", "choices": ["error", "fatal", "info", "trace", "warning"]},
        },
    },
    "system": {
        "type": "dict",
        "options": {
            "hostname": {"type": "str"},
            "inband": {"type": "dict", "options": {"enable": {"type": "bool"}}},
            "services": {
                "type": "dict",
                "options": {
                    "ssh": {
                        "type": "dict",
                        "options": {"connection_limit": {"type": "int"}, "enable": {"type": "bool"}},
                    },
                    "telnet": {
                        "type": "dict",
                        "options": {"connection_limit": {"type": "int"}, "enable": {"type": "bool"}},
                    },
                },
            },
            "timezone": {"type": "str"},
        },
    },
}
