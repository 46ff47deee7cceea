"""RCC over SSH: commands to a switch's CLI, and their answers (docs/rcc.md).

    with RccClient("leaf1", username="ops", password=...) as client:
        print(client.run("show vlans").text)

An RCC response has no end mark. Our agent sends one message for each command, so nothing is waited for and
`run_many` sends all commands at once. A vendor's switch may send several; there a response ends when nothing more
has come for `quiet` seconds, as in the vendor's own client. The server's version string tells the two apart.
"""

from connetos_sdk.transports.rcc_client.access import Access, ShownKey, UnknownHostKey, trust_host_key
from connetos_sdk.transports.rcc_client.client import RccClient
from connetos_sdk.transports.rcc_client.connection import Response

__all__ = ["Access", "RccClient", "Response", "ShownKey", "UnknownHostKey", "trust_host_key"]
