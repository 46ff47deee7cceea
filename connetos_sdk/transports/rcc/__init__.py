"""The façade's transport over a switch's command line, spoken in RCC (docs/sdk.md)."""

from connetos_sdk.transports.rcc.transport import RccTransport

__all__ = ["RccTransport"]
