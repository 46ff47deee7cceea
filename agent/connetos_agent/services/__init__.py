"""What the switch does besides being configured, on request or by itself."""
