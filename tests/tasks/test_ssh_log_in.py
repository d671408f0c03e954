"""Against a fake server (paramiko's): a real one asks for one-time codes only with PAM modules that nobody has here."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest

from checks.finding import Reason
from tasks.ssh import Login, Network, SshError, remember

Round = Sequence[tuple[str, bool]]  # prompts, and whether what is typed is shown
PASSWORD = "right"
OTP = ("Verification code: ", False)
ASKED = ("Password: ", False)


class Fake(paramiko.ServerInterface):
    """Asks what it is told to ask; counts what it is given. It runs nothing."""

    def __init__(self, rounds: Sequence[Round], allowed: str) -> None:
        self.rounds, self.allowed = list(rounds), allowed
        self.answers: list[str] = []
        self.tried: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return self.allowed

    def check_auth_none(self, username: str) -> int:
        self.tried.append("none")
        return paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.tried.append("publickey")
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self.tried.append("password")
        return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> object:
        self.tried.append("keyboard-interactive")
        return self._next()

    def check_auth_interactive_response(self, responses: list[str]) -> object:
        self.answers += responses
        return self._next()

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def _next(self) -> object:
        if not self.rounds:
            return paramiko.AUTH_SUCCESSFUL if self.answers == [PASSWORD] else paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", *self.rounds.pop(0))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[Fake, Network]]]:
    """Starts a fake and returns it with a network that trusts it."""
    with ExitStack() as stack:

        def start(
            *rounds: Round, allowed: str = "keyboard-interactive", password: str = PASSWORD
        ) -> tuple[Fake, Network]:
            fake = Fake(rounds, allowed)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            key = paramiko.ECDSAKey.generate()

            def run() -> None:
                transport = paramiko.Transport(listener.accept()[0])
                stack.callback(transport.close)
                transport.add_server_key(key)
                transport.start_server(server=fake, event=threading.Event())

            threading.Thread(target=run, daemon=True).start()
            port = listener.getsockname()[1]
            (tmp_path / "config").write_text(f"Host fake\n HostName 127.0.0.1\n Port {port}\n")
            remember(tmp_path / "known_hosts", f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}")
            network = Network([tmp_path / "config"], [tmp_path / "known_hosts"], lambda _: Login(password=password))
            return fake, stack.enter_context(network)

        yield start


def refusal(network: Network) -> SshError:
    with pytest.raises(SshError) as error:
        network.exchange("fake", b"echo\n", 10)
    return error.value


@pytest.mark.parametrize(
    ("rounds", "asked", "answers"),
    [
        ([[OTP]], "Verification code:", []),
        ([[ASKED], [OTP]], "Verification code:", [PASSWORD]),
        ([[ASKED, OTP]], "Password: / Verification code:", []),
        ([[("Name: ", True)]], "Name:", []),
        ([[ASKED], [("New password: ", False)]], "New password:", [PASSWORD]),
    ],
)
def test_who_asks_for_more_than_a_password(
    serve: Callable[..., tuple[Fake, Network]], rounds: list[Round], asked: str, answers: list[str]
) -> None:
    fake, network = serve(*rounds)
    error = refusal(network)
    assert error.reason is Reason.AUTHENTICATION
    assert f"还要求：{asked}；" in error.what
    assert fake.answers == answers


def test_a_wrong_password_is_given_once_though_it_is_asked_for_again(
    serve: Callable[..., tuple[Fake, Network]],
) -> None:
    fake, network = serve([ASKED], [ASKED], [ASKED], password="wrong")
    error = refusal(network)
    assert error.reason is Reason.AUTHENTICATION
    assert "登录被拒：试过键盘交互口令" in error.what
    assert fake.answers == ["wrong"]


def test_a_password_is_not_tried_by_two_ways(serve: Callable[..., tuple[Fake, Network]]) -> None:
    fake, network = serve([ASKED], allowed="publickey,password,keyboard-interactive", password="wrong")
    error = refusal(network)
    assert error.what.endswith("登录被拒：试过口令；对方允许密钥、口令、键盘交互口令")
    assert fake.tried == ["none", "password"]
    assert "wrong" not in error.what


def test_a_password_is_not_given_to_who_does_not_want_it(serve: Callable[..., tuple[Fake, Network]]) -> None:
    fake, network = serve(allowed="publickey,gssapi-with-mic")
    error = refusal(network)
    assert error.what.endswith("对方允许密钥、gssapi-with-mic")
    assert fake.tried == ["none"]


def test_an_empty_round_is_answered_with_nothing(serve: Callable[..., tuple[Fake, Network]]) -> None:
    # Then: logged in; the fake runs nothing
    fake, network = serve([ASKED], [])
    assert refusal(network).reason is Reason.PERMISSION
    assert fake.answers == [PASSWORD]
