"""What tests of SSH share."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ssh_servers import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    found = Place(tmp_path, key)
    yield found
    if found.network:
        found.network.close()
    for server in found.servers:
        if server.process.poll() is None:
            server.end_connections(itself=True)


@pytest.fixture
def tcp() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Starts something that is no SSH server; returns its port."""
    with ExitStack() as stack:

        def start(serve: Callable[[socket.socket], None]) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def run() -> None:
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        return
                    stack.callback(connection.close)
                    serve(connection)

            threading.Thread(target=run, daemon=True).start()
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return int(listener.getsockname()[1])

        yield start
