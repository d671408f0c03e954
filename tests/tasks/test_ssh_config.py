"""ssh's configuration files: the way to a host, and mistakes that name their file and line."""

from pathlib import Path

import pytest

from tasks.ssh import SshConfigError
from tasks.ssh.config import Config, Hop


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOGNAME", "tester")
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


def config(tmp_path: Path, text: str, *others: Path) -> Config:
    file = tmp_path / "ssh_config"
    file.write_text(text, encoding="utf-8")
    return Config([file, *others])


def ways(hops: tuple[Hop, ...]) -> list[str]:
    return [f"{hop.user}@{hop.name}:{hop.port}" for hop in hops]


def test_a_host_that_nobody_wrote_down_is_its_own_name(tmp_path: Path) -> None:
    assert ways(config(tmp_path, "").route("db1.example")) == ["tester@db1.example:22"]


def test_what_people_write(tmp_path: Path, home: Path) -> None:
    # Given
    text = """
    Host db*
        HostName %h.example
        Port=2222
        User "ops"
        IdentityFile ~/.ssh/%r_key
        IdentityFile none
        IdentitiesOnly yes
        UserKnownHostsFile ~/.ssh/known_a %d/known_b
    Host db1
        Port 22
        HostKeyAlias DB-One
    """
    # When
    (hop,) = config(tmp_path, text).route("db1")
    # Then
    assert (hop.name, hop.port, hop.user) == ("db1.example", 2222, "ops")
    assert hop.identities == (home / ".ssh" / "ops_key",)
    assert hop.identities_only
    assert hop.known_hosts == (home / ".ssh" / "known_a", home / "known_b")
    assert hop.known_as == "db-one"


@pytest.mark.parametrize(("port", "known_as"), [("22", "db.example"), ("2222", "[db.example]:2222")])
def test_the_name_in_known_hosts(tmp_path: Path, port: str, known_as: str) -> None:
    (hop,) = config(tmp_path, f"Host db\n HostName DB.example\n Port {port}").route("db")
    assert hop.known_as == known_as


def test_the_first_file_wins_and_its_last_block_does_not_reach_into_the_next(tmp_path: Path, home: Path) -> None:
    # Given
    own = home / ".ssh" / "config"
    own.write_text("User mine\nHost db\n User theirs\n Port 2200\n", encoding="utf-8")
    both = config(tmp_path, "Host db\n User ours\n", own, tmp_path / "not there")
    # Then
    assert ways(both.route("db")) == ["ours@db:2200"]
    assert ways(both.route("web")) == ["mine@web:22"]


@pytest.mark.parametrize(
    ("jump", "way"),
    [
        ("none", []),
        ("gate", ["tester@10.0.0.1:22"]),
        ("ops@gate:2222", ["ops@10.0.0.1:2222"]),
        ("ssh://ops@gate", ["ops@10.0.0.1:22"]),
        ("ops@[::1]:24", ["ops@::1:24"]),
        ("gate, inner", ["tester@10.0.0.1:22", "tester@inner:22"]),
        ("behind", ["tester@10.0.0.1:22", "tester@behind:22"]),
        # As OpenSSH: what is written out replaces the second hop's own way.
        ("inner,behind", ["tester@inner:22", "tester@behind:22"]),
    ],
)
def test_jumps(tmp_path: Path, jump: str, way: list[str]) -> None:
    text = f"Host db\n ProxyJump {jump}\nHost gate\n HostName 10.0.0.1\nHost behind\n ProxyJump gate\n"
    assert ways(config(tmp_path, text).route("db")) == [*way, "tester@db:22"]


def test_includes(tmp_path: Path, home: Path) -> None:
    # Given: beside the project's file; and, for one's own file, in ~/.ssh
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "1.conf").write_text("Host a\n Port 1\n", encoding="utf-8")
    (tmp_path / "d" / "2.conf").write_text("Host b\n Port 2\n", encoding="utf-8")
    (home / ".ssh" / "more").write_text("Host c\n Port 3\n", encoding="utf-8")
    own = home / ".ssh" / "config"
    own.write_text("Include more absent\n", encoding="utf-8")
    # When
    found = config(tmp_path, "Include d/*.conf\nUser ops\nHost d\n Port 4\n", own)
    # Then: what follows an include is not inside its last block
    assert [found.route(host)[0].port for host in "abcd"] == [1, 2, 3, 4]
    assert found.route("z")[0].user == "ops"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Host a\n Include x\n", 2, ["Include", "第一个 Host 之前"]),
        ("Host a\n\n ProxyCommand nc %h %p\n", 3, ["ProxyCommand", "ProxyJump"]),
        ("# head\nHost a\n ProxyJump b\nHost b\n ProxyJump a\n", 5, ["a → b → a"]),
        ("Host a\n ProxyJump a\n", 2, ["a → a"]),
        ("Host a\n ProxyJump b@@c:x\n", 2, ["b@@c:x", "用户@主机:端口"]),
        ("Host a\n Port ssh\n", 2, ["'ssh'", "65535"]),
        ('Host "a\n', 1, ["引号"]),
        ("Match tagged x\n", 1, ["tagged", "Host"]),
        ("nonsense\n", 1, ["nonsense"]),
        ("Include ssh_config\n", 1, ["Include"]),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    with pytest.raises(SshConfigError) as error:
        config(tmp_path, text).route("a")
    for word in (f"{tmp_path / 'ssh_config'} 第 {line} 行", *words):
        assert word in str(error.value)


def test_a_proxy_command_of_a_host_that_is_not_ours_is_not_our_business(tmp_path: Path) -> None:
    text = "Host github\n ProxyCommand corkscrew\nHost a\n ProxyCommand none\n"
    assert ways(config(tmp_path, text).route("a")) == ["tester@a:22"]
