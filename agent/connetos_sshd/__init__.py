"""SSH access to the switch: shell, commands, and RCC. A process of its own, in front of the agent's CLI socket."""
