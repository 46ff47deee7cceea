"""`python -m connetos_sshd`."""

from connetos_sshd.daemon import main

main()
