"""The command line: modes, grammar, completion, pipes. Lines come in over a unix socket, answers go back."""
