"""A server on this machine, for tests of downloads."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Handler(BaseHTTPRequestHandler):
    """Answer with what `server.content(path)` returns; None is not found."""

    def do_GET(self, send_body=True):
        name = Path(self.path).name
        self.server.asked.append(name)
        content = self.server.content(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if send_body:
            half = len(content) // 2 if name in self.server.broken else len(content)
            self.wfile.write(content[:half])

    def do_HEAD(self):
        self.do_GET(send_body=False)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """Serve files; `broken` names those that break off halfway, `asked` those asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.broken, server.content = [], set(), lambda path: None
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
