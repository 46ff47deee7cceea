"""XRL, northbound: what `call_xrl` and XORP's processes speak."""
