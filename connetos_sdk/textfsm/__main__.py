"""`python -m connetos_sdk.textfsm` prints the directory of the templates, for NET_TEXTFSM."""

from connetos_sdk.textfsm import DIRECTORY

print(DIRECTORY)
