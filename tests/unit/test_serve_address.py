"""Starting where something answers already: said in both languages, and whether it is Dossier."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from dossier import serving
from dossier.errors import AddressTakenError
from dossier.settings import load_settings

READY = {"status": "ready", "database": True, "index": True, "workers": 1}


@contextmanager
def answering(body: Any, status: int = 200) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing into the test's output."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def refusal(tmp_path: Any, port: int) -> AddressTakenError:
    settings = load_settings({"DOSSIER_HOME": str(tmp_path)}, host="127.0.0.1", port=port)
    with pytest.raises(AddressTakenError) as refused:
        serving._reserve(settings)
    return refused.value


@pytest.mark.parametrize("status", [200, 503])
def test_where_dossier_runs_already_its_address_is_named(tmp_path: Any, status: int) -> None:
    with answering(READY, status) as port:
        told = refusal(tmp_path, port)
    assert f"Dossier runs already at http://127.0.0.1:{port}" in told.detail
    assert f"户档已在运行：http://127.0.0.1:{port}" in told.detail_zh


@pytest.mark.parametrize("body", [["not ours"], {"status": "ok"}])
def test_another_program_at_the_port_is_not_called_dossier(tmp_path: Any, body: Any) -> None:
    with answering(body) as port:
        told = refusal(tmp_path, port)
    assert "Another program" in told.detail
    assert "已被占用" in told.detail_zh
