"""An HTTPS server of the tests: serves a directory, and writes what is posted to it into a file, one line each."""

from __future__ import annotations

import functools
import http.server
import ssl
import sys
from pathlib import Path


class Handler(http.server.SimpleHTTPRequestHandler):
    """GET files, POST reports."""

    def do_POST(self) -> None:
        """Keep what is posted."""
        body = self.rfile.read(int(self.headers["content-length"]))
        with Path(sys.argv[4]).open("ab") as file:
            file.write(body + b"\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """ADDRESS, directory of files, directory of the certificate, file of the posts."""
    address, files, certificate, _ = sys.argv[1:]
    handler = functools.partial(Handler, directory=files)
    server = http.server.ThreadingHTTPServer((address, 443), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate) / "server.pem", Path(certificate) / "server-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("listening", flush=True)
    server.serve_forever()


main()
