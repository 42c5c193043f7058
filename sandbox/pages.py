"""Serves web/ on loopback with the headers that CloudFront sends in a deployment."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from sandbox.configuration import HOST, ROOT, Options

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; worker-src 'self'; "
    "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


VENDORED: Final = {
    "/vendor/hls.mjs": ROOT / "node_modules" / "hls.js" / "dist" / "hls.light.min.mjs"
}
"""Files of other people, served as they are."""


def page_config(options: Options, outputs: dict[str, str]) -> dict[str, object]:
    """Return what the page must know of the deployment; nothing in it is secret."""
    return {
        "cognitoEndpoint": options.endpoint,
        "userPoolClientId": outputs["UserPoolClientId"],
        "apiUrl": outputs["ApiUrl"],
        "filmed": list(options.video_tables),
    }


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, config: bytes, **kwargs: Any) -> None:
        self._config = config
        super().__init__(*args, directory=str(ROOT / "web"), **kwargs)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/config.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._config)))
        self.end_headers()
        self.wfile.write(self._config)

    def translate_path(self, path: str) -> str:
        found: Path | None = VENDORED.get(path.partition("?")[0])
        return str(found) if found else super().translate_path(path)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing: the terminal is for people."""


class PageServer:
    """The page server in a thread of this process."""

    def __init__(self, options: Options, outputs: dict[str, str]) -> None:
        config = json.dumps(page_config(options, outputs)).encode()
        self._server = ThreadingHTTPServer(
            (HOST, options.page_port), partial(_Handler, config=config)
        )
        self._server.daemon_threads = True

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
