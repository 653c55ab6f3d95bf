"""A real browser, and a folder of pages served as any static host would serve it.

    python -m tools.browser

prints the path of the browser, or fails and says what is missing.
"""

import functools
import gzip
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
LACKING = (
    "No Chromium: `apt install chromium` brings it on Debian and Ubuntu; elsewhere one of "
    f"{', '.join(NAMES)} must be on PATH."
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Every other host is as if it did not exist.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
TEXT = {".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".svg", ".wasm"}


@functools.cache
def compressed(path, changed):
    """Return a file's content, compressed, for as long as the file is what it was."""
    return gzip.compress(path.read_bytes(), 6)


class Handler(SimpleHTTPRequestHandler):
    """Files with their types, compressed where that helps."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".woff2": "font/woff2",
    }

    def do_GET(self):
        """Answer with a file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (path.is_file() and path.suffix in TEXT and accepted):
            super().do_GET()
            return
        data = compressed(path, path.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A thread for each request."""

    def handle_error(self, request, client_address):
        """Pass over a browser that leaves in the middle of an answer."""


def serve(folder, port=0):
    """Serve a folder from now on; the server's `address` is where."""
    server = Server(("127.0.0.1", port), functools.partial(Handler, directory=folder))
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    print(CHROMIUM or sys.exit(LACKING))
