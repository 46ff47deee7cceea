"""`python -m connetos_agent`."""

from connetos_agent.daemon import main

main()
