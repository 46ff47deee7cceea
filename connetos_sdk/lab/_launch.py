"""Become a daemon with a passed socket: `_launch.py PIDFILE LOG SOCKET-FD PROGRAM ARGUMENT…`.

Run as a program of its own, because it forks and because LISTEN_PID must be the pid that the daemon will
have; a thread of the lab could do neither safely. It needs only `os` and `sys`, so that it starts quickly.
"""

import os
import sys


def main(pidfile: str, log: str, socket: int, argv: list[str]) -> None:
    """Fork; the parent prints the child's pid and leaves, the child becomes the program."""
    # The pipe closes when the program starts (it is close-on-exec) or carries the reason why it does not.
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _become(pidfile, log, socket, argv)
        except OSError as error:
            os.write(writer, f"{error}".encode())
        os._exit(127)
    os.close(writer)
    if problem := os.read(reader, 4096):
        sys.exit(problem.decode())
    sys.stdout.write(f"{pid}\n")


def _become(pidfile: str, log: str, socket: int, argv: list[str]) -> None:
    os.setsid()
    temporary = f"{pidfile}.new"
    with open(temporary, "w", encoding="ascii") as stream:  # noqa: PTH123 - pathlib costs as much as all the rest
        stream.write(f"{os.getpid()}\n")
    os.replace(temporary, pidfile)  # noqa: PTH105
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if socket == 3:
        os.set_inheritable(3, True)
    else:
        os.dup2(socket, 3)
        os.set_inheritable(socket, False)
    os.execvp(argv[0], argv)  # noqa: S606 - an argument vector, no shell


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
