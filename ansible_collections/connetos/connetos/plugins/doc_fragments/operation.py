# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations


class ModuleDocFragment:
    PING = r"""
options:
  host:
    description:
      - Address or name to ask.
      - Accepts an IPv4 or IPv6 address or a host name, such as 192.0.2.1.
    type: str
    required: true
    aliases:
      - dest
  count:
    description:
      - How many requests.
      - Accepts an integer from 1 to 3600.
      - The switch uses V(5) unless this is given.
    type: int
  interval_ms:
    description:
      - Time between two requests.
      - Accepts an integer from 10 to 60000 milliseconds.
      - The switch uses V(1000) unless this is given.
    type: int
  timeout_ms:
    description:
      - How long to wait for each answer.
      - Accepts an integer from 10 to 60000 milliseconds.
      - The switch uses V(1000) unless this is given.
    type: int
  size:
    description:
      - Data in each request, without headers.
      - Accepts an integer from 0 to 65507 bytes.
      - The switch uses V(56) unless this is given.
    type: int
  ttl:
    description:
      - 'Time to live (IPv6: hop limit).'
      - Accepts an integer from 1 to 255.
      - The switch uses V(64) unless this is given.
    type: int
  tos:
    description:
      - 'Type of service (IPv6: traffic class).'
      - Accepts an integer from 0 to 255.
      - The switch uses V(0) unless this is given.
    type: int
  source:
    description:
      - Address of the switch to send from.
      - Accepts an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1.
    type: str
  interface:
    description:
      - VLAN interface or management port to send from, whatever the routes say.
      - Accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
    type: str
  family:
    description:
      - Which of a name's addresses to use.
      - The switch uses V(any) unless this is given.
    type: str
    choices:
      - any
      - ipv4
      - ipv6
  dont_fragment:
    description:
      - Forbid routers to fragment the requests.
      - The switch uses V(false) unless this is given.
    type: bool
"""

    TRACEROUTE = r"""
options:
  host:
    description:
      - Address or name to go to.
      - Accepts an IPv4 or IPv6 address or a host name, such as 192.0.2.1.
    type: str
    required: true
    aliases:
      - dest
  protocol:
    description:
      - Probes are UDP datagrams or ICMP echo requests.
      - The switch uses V(udp) unless this is given.
    type: str
    choices:
      - udp
      - icmp
  first_ttl:
    description:
      - Hop to begin with.
      - Accepts an integer from 1 to 64.
      - The switch uses V(1) unless this is given.
    type: int
  max_hops:
    description:
      - Hop to end with at the latest.
      - Accepts an integer from 1 to 64.
      - The switch uses V(30) unless this is given.
    type: int
  queries:
    description:
      - Probes for each hop.
      - Accepts an integer from 1 to 10.
      - The switch uses V(3) unless this is given.
    type: int
  timeout_ms:
    description:
      - How long to wait for each answer.
      - Accepts an integer from 10 to 10000 milliseconds.
      - The switch uses V(1000) unless this is given.
    type: int
  port:
    description:
      - UDP port to send to.
      - Accepts an integer from 1 to 65535.
      - The switch uses V(33434) unless this is given.
    type: int
  source_port:
    description:
      - UDP port to send from; any free one by default.
      - Accepts an integer from 1 to 65535.
    type: int
  vary_port:
    description:
      - Send each probe of a hop from another port, to see several equal paths; otherwise all take the same one.
      - The switch uses V(false) unless this is given.
    type: bool
  size:
    description:
      - Data in the first probe, without headers; each further one has a byte more, by which its answer is known.
      - Accepts an integer from 0 to 700 bytes.
      - The switch uses V(32) unless this is given.
    type: int
  source:
    description:
      - Address of the switch to send from.
      - Accepts an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1.
    type: str
  interface:
    description:
      - VLAN interface or management port to send from, whatever the routes say.
      - Accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
    type: str
  family:
    description:
      - Which of a name's addresses to use.
      - The switch uses V(any) unless this is given.
    type: str
    choices:
      - any
      - ipv4
      - ipv6
"""
