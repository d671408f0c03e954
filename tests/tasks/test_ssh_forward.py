"""Through a real bastion to what listens behind it: open, closed, silent and prohibited are told apart."""

import socket
from collections.abc import Callable

import pytest
from ssh_servers import Place

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import Connect, Connected, Request, Response
from tasks.asking import Way, asked
from tasks.ssh import SshError

WITHIN = 20.0  # seconds


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def echo(tcp: Callable[[Callable[[socket.socket], None]], int]) -> int:
    def serve(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    return tcp(serve)


def test_much_goes_both_ways(place: Place, echo: int) -> None:
    # Given
    place.sshd("bastion")
    much = bytes(range(256)) * 4096
    # When
    with place.open().forwarded("bastion", "127.0.0.1", echo, WITHIN) as line:
        line.settimeout(WITHIN)
        came = b""
        for start in range(0, len(much), 65536):
            line.sendall(much[start : start + 65536])
            while len(came) < start + 65536:
                came += line.recv(65536)
    # Then
    assert came == much


def test_from_a_bastion(place: Place, echo: int) -> None:
    """Open and refused are the bastion's own words; a silent address does not take the bastion for silent."""
    # Given
    place.sshd("bastion")
    way = Way(place.open(), "bastion")
    # Then
    assert asked(Connect("127.0.0.1", echo), way, WITHIN) == Connected(open=True, how="open")
    assert asked(Connect("127.0.0.1", free_port()), way, WITHIN) == Connected(open=False, how="refused")


def test_what_a_bastion_hears_nothing_from(place: Place) -> None:
    """Given a listener whose queue is full, so that the kernel drops what comes: as a packet filter does."""
    # Given
    place.sshd("bastion")
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(3)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        network = place.open()
        network.forwarded("bastion", "127.0.0.1", place.servers[0].port, WITHIN).close()  # it is connected
        # Then
        for way in (Way(network), Way(network, "bastion")):
            assert asked(Connect("127.0.0.1", port), way, 1.5) == Connected(open=False, how="silent")
        for one in held:
            one.close()


def test_a_bastion_that_does_not_forward(place: Place, echo: int) -> None:
    # Given
    place.sshd("bastion", "AllowTcpForwarding no")
    # When
    with pytest.raises(NotTaken) as error:
        asked(Connect("127.0.0.1", echo), Way(place.open(), "bastion"), WITHIN)
    # Then
    assert error.value.reason is Reason.PERMISSION
    assert "AllowTcpForwarding" in error.value.what


def test_a_bastion_that_is_gone(place: Place, echo: int) -> None:
    # Given
    place.sshd("bastion").end_connections(itself=True)
    # Then: nothing is said of what is behind it
    with pytest.raises(SshError) as error:
        place.open().forwarded("bastion", "127.0.0.1", echo, WITHIN)
    assert error.value.reason is Reason.UNREACHABLE


def test_names_are_those_of_the_configuration(place: Place, serve: Callable[..., str]) -> None:
    """The HostName of the SSH configuration is where a contract's host is, for HTTP too; Host stays its name."""
    # Given
    from starlette.applications import Starlette
    from starlette.requests import Request as Asked
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def home(request: Asked) -> PlainTextResponse:
        return PlainTextResponse(request.headers["host"])

    port = int(serve(Starlette(routes=[Route("/", home)])).rpartition(":")[2])
    place.sshd("bastion")
    place.configure("Host oa-web-01\n HostName 127.0.0.1\n")
    network = place.open()
    # Then
    for way in (Way(network), Way(network, "bastion")):
        reply = asked(Request("GET", "http", "oa-web-01", port, "/"), way, WITHIN)
        assert isinstance(reply, Response)
        assert (reply.status, reply.body) == (200, f"oa-web-01:{port}")
