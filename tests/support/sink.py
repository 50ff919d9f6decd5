"""A customer's web server: takes callbacks, remembers them, and answers what it is told to."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A callback that has a body."""

    path: str
    signature: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Sink:
    """Listens on a free port of the loopback while it is entered."""

    def __init__(self, *, status: int = 200) -> None:
        self.status = status
        self.paths: list[str] = []
        """What was asked for by GET, in order, queries included."""
        self.hangs = ""
        """Paths that begin so are never answered, and not remembered."""
        self.fails = ""
        """What has this in its path or query is answered with 500."""
        self._gone = threading.Event()
        self.posts: list[Post] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if sink.hangs and self.path.startswith(sink.hangs):
                    sink._gone.wait()
                    return
                sink.paths.append(self.path)
                self._answer()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = self.headers.get("Palomar-Signature", "")
                sink.posts.append(Post(path=self.path, signature=signature, body=body))
                self._answer()

            def _answer(self) -> None:
                self.send_response(500 if sink.fails and sink.fails in self.path else sink.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its own name for it
                """Do nothing: the test reads ``paths``."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> "Sink":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._gone.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def callbacks(self) -> list[dict[str, str]]:
        """List the query of each callback."""
        return [{name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} for path in self.paths]
