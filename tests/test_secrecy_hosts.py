"""The canaries of the host inspection: what logs in, what the hosts' own secrets are, and what careless programs wrote
into logs must be in no byte that an inspection leaves behind, in nothing it says, and in no process's command line.

Three inspections: one of hosts that are well; one with faults that bring secrets to awkward places; one with a wrong
passphrase and a wrong password of a bastion.
"""

import base64
import os
import random
import shutil
import sqlite3
import string
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from traces import Watching, forms, leaks, unbroken, unpacked

from rehearsal.canary import LOG_PASSWORD, LOG_PHONE, PERSON_ID
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.fault import PRELUDE
from rehearsal.hosts.keys import JUMP_PASSWORD, KEY, PASSPHRASE
from rehearsal.sample import copy_contract

APP_LOG = "/var/log/app/app.log"
LOGS = {
    "oa-app-01": APP_LOG,
    "mobile-app-01": APP_LOG,  # BusyBox
    "oa-web-01": "/var/log/nginx/error.log",
    "archive-db-01": "/var/log/syslog",
}
SHADOWS = ("oa-web-01", "oa-app-01", "mobile-app-01", "oa-db-01")
"""Their inspector has a password; that of the first is about to expire in the second inspection."""
FAULTS = ("oa-web-01:password-expiring", "archive-app-01:answer-cut", "oa-db-01:disk-full")
MY_CNF, REDIS_AUTH = "/etc/xunjian/my.cnf", "/etc/xunjian/redis.auth"

# NAME is the line's own and is kept, WORD is a canary. Each is a different careless program.
CARELESS = {
    "colon": "login failed password: WORD",
    "json": '{"level":"error","token":"WORD"}',
    "json in json": r"{\"api_key\":\"WORD\"}",
    "header": "upstream refused Authorization: Bearer WORD",
    "jdbc": "cannot connect jdbc:mysql://user:WORD@10.0.0.9:3306/oa",
    "sql": "near: create user 'x'@'%' identified by 'WORD'",
    "query": 'request: "POST /login?user=a&pwd=WORD&x=1 HTTP/1.1"',
    "coded query": "redirect=%2Flogin%3Fpassword%3DWORD",
    "option": "exit 1: backup --target a --password WORD",
    "option of mysqldump": "exit 2: mysqldump -uroot -pWORD oa",
    "option of redis-cli": "exit 3: redis-cli -h 10.0.0.9 -a WORD info",
    "option of curl": "exit 4: curl -s -u app:WORD https://10.0.0.9/",
    "coloured": "\x1b[36mpassword\x1b[0m=\x1b[35mWORD\x1b[0m",
    "Chinese": "登录失败，口令：WORD",
    "key": r"-----BEGIN PRIVATE KEY-----\nWORD\n-----END PRIVATE KEY-----",
    "GBK": "登录失败 密码：WORD",
    "beginning of a long line": f"password=WORD {'x ' * 50_000}",
    "middle of a long line": f"{'y' * 4090} secret=WORD {'z ' * 50_000}",
}


def letters(count: int) -> str:
    """Nothing in it is masked because it looks like a number or a word."""
    return "".join(random.choices(string.ascii_letters, k=count))


ENDS = letters(10), letters(10)
"""All that is made up here begins and ends with these: so that parts are found, and found fast."""


def made_up() -> str:
    """A canary."""
    return f"{ENDS[0]}{letters(10)}{ENDS[1]}"


class Ran(NamedTuple):
    """One inspection as the shell saw it."""

    said: str
    code: int
    folder: Path  # home, temporary files and the user's home folder


class Left(NamedTuple):
    """What all of them left behind."""

    clean: Ran
    faulty: Ran
    refused: Ran
    watching: Watching
    canaries: dict[str, str]
    shown: str  # the canary that we put in a host's command line ourselves
    marks: dict[str, str]  # of the lines in logs, and what they are

    @property
    def runs(self) -> tuple[Ran, Ran, Ran]:
        return self.clean, self.faulty, self.refused


class Planted:
    """What is changed on the hosts for this, and put back."""

    def __init__(self, hosts: HostEstate, undo: ExitStack) -> None:
        self._hosts, self._undo = hosts, undo
        self._kept: set[tuple[str, str]] = set()

    def root(self, host: str, script: str) -> str:
        code, said = self._hosts.console(host, f"set -e\n{PRELUDE}\n{script}")
        assert code == 0, f"{host}: {said}"
        return said

    def keep(self, host: str, path: str) -> None:
        """Whatever becomes of the file, it is as it was in the end."""
        if (host, path) in self._kept:
            return
        self._kept.add((host, path))
        copy = f"/run/practice/kept{path.replace('/', '-')}"
        self.root(host, f"[ ! -e {path} ] || cp -p {path} {copy}")
        back = f"if [ -e {copy} ]; then cat {copy} >{path}; rm {copy}; else rm -f {path}; fi"
        self._undo.callback(self.root, host, back)

    def append(self, host: str, path: str, content: bytes) -> None:
        self.keep(host, path)
        self._hosts.put(host, "/run/practice/told", base64.b64encode(content).decode())
        self.root(host, f"base64 -d /run/practice/told >>{path}; rm /run/practice/told")

    def replace(self, host: str, path: str, before: str, after: str) -> None:
        """In the file's text; its owner and mode stay."""
        text = self.root(host, f"cat {path}")
        assert before in text
        self.keep(host, path)
        self._hosts.put(host, "/run/practice/told", text.replace(before, after))
        self.root(host, f"cat /run/practice/told >{path}; rm /run/practice/told")

    def slow(self, host: str, program: str) -> None:
        """The program takes half a second to begin, so that its command line is seen."""
        script = f'#!/bin/bash\nsleep 0.5\nexec -a {program} /data/real "$@"\n'
        self._hosts.put(host, "/data/slow", script, "755")
        self.root(host, f"cp $(readlink -f /usr/bin/{program}) /data/real")
        self._undo.callback(self.root, host, "rm /data/real /data/slow")
        self.cover(host, "/data/slow", program)

    def cover(self, host: str, script: str, program: str) -> None:
        """A script in a program's place."""
        place = self.root(host, f"readlink -f /usr/bin/{program}").strip()
        self.root(host, f"cover {script} {place}")
        self._undo.callback(self.root, host, f"uncover {place}")


class Lines:
    """The lines of a log, each with a name and a canary of its own."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.canaries: dict[str, str] = {}
        self.marks: dict[str, str] = {}
        self.content = b""
        for what, text in reversed(CARELESS.items()):  # the longest first: of a long file the end is read
            self._add(what, text, made_up())
        for what, word in secrets.items():
            self._add(what, f"{what} 'WORD' is not what {what} expected", word)

    def _add(self, what: str, text: str, word: str) -> None:
        mark = letters(8)
        self.marks[mark] = what
        self.canaries[f"{what} in a log"] = word
        line = f"2026-11-22 10:00:00,000 ERROR [{mark}] {text.replace('WORD', word)}\n"
        self.content += line.encode("gbk" if what == "GBK" else "utf-8")


def key_lines(text: str) -> list[str]:
    """The lines of a private key that are the key."""
    return [line for line in text.splitlines() if not line.startswith("-----") and len(line) > 16]


def forced(words: str) -> str:
    """A host that answers every command with this."""
    return f"#!/bin/sh\necho '{words}'\necho '{words}' >&2\nexit 1\n"


def environment(folder: Path, hosts: HostEstate, contract: Path, secrets: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XUNJIAN_", "PREFECT_"))}
    env = kept | {
        "XUNJIAN_HOME": str(folder / "home"), "XUNJIAN_CONTRACT": str(contract), "XUNJIAN_SECRETS": str(secrets),
        "XUNJIAN_KNOWN_HOSTS": str(hosts.known_hosts), "XUNJIAN_PORT": "1", "HOME": str(folder / "user"),
        "TMPDIR": str(folder / "tmp"), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    }  # fmt: skip
    for name in ("XUNJIAN_HOME", "HOME", "TMPDIR"):
        Path(env[name]).mkdir(parents=True, exist_ok=True)
    return env


class Inspection:
    """`xunjian run host-inspection` in the shell."""

    def __init__(self, folder: Path, env: dict[str, str], undo: ExitStack, *words: str) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "flows.cli", "run", "host-inspection", *words]
        self._process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        undo.callback(self._process.kill)

    def ended(self) -> Ran:
        said, _ = self._process.communicate(timeout=300)
        return Ran(said, self._process.returncode, self._folder)


def wrong_contract(folder: Path, base_port: int) -> Path:
    """Half of the hosts with a wrong passphrase, some behind a bastion with a wrong password."""
    contract = copy_contract(folder, base_port)
    ssh, head, oa = contract / "ssh_config", contract / "contract.yaml", contract / "hosts/oa.yaml"
    text = ssh.read_text(encoding="utf-8")
    bastion = text[text.index("Host bastion") : text.index("Host oa-web-01")]
    other = bastion.replace("Host bastion", "Host gate") + "Host archive-*\n    ProxyJump gate\n\n"
    ssh.write_text(text.replace(bastion, bastion + other), encoding="utf-8")
    text = head.read_text(encoding="utf-8")
    known = "  bastion: { password: bastion.password }\n"
    assert known in text
    head.write_text(text.replace(known, f"{known}  gate: {{ password: wrong.password }}\n"), encoding="utf-8")
    text = oa.read_text(encoding="utf-8")
    oa.write_text(text.replace("inspector.passphrase", "wrong.passphrase"), encoding="utf-8")
    return contract


@pytest.fixture(scope="module")
def left(running_hosts: HostEstate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """The three inspections, while the process list is watched."""
    hosts, base = running_hosts, tmp_path_factory.mktemp("s")
    hosts.clear()
    with ExitStack() as undo:
        undo.callback(hosts.clear)
        planted, shown = Planted(hosts, undo), made_up()
        ours = {name: (hosts.secrets_dir / name).read_text().strip() for name in (JUMP_PASSWORD, KEY, PASSPHRASE)}
        canaries = {
            "bastion's password": ours[JUMP_PASSWORD], "passphrase": ours[PASSPHRASE],
            **{f"key, line {number}": line for number, line in enumerate(key_lines(ours[KEY]), 1)},
            "password of MariaDB": planted.root("oa-db-01", f"sed -n 's/^password = //p' {MY_CNF}").strip(),
            "password of Redis": planted.root("oa-cache-01", f"cat {REDIS_AUTH}").strip(),
            "password in the app's log": LOG_PASSWORD, "phone number": LOG_PHONE, "identity number": PERSON_ID,
            "command line": shown, "hash": f"$6${made_up()}${made_up() * 3}",
            **{name: made_up() for name in (
                "wrong passphrase", "wrong password", "wrong password of Redis", "unknown option", "fstab",
                "address in fstab", "unit", "kernel", "certificate", "banner", "greeting", "answer",
                "words of a client",
            )},
        }  # fmt: skip
        in_logs = {"passphrase": ours[PASSPHRASE], "bastion": ours[JUMP_PASSWORD], "key": key_lines(ours[KEY])[2]}
        secrets = base / "wrong-secrets"
        shutil.copytree(hosts.secrets_dir, secrets)
        for name in ("passphrase", "password"):
            (secrets / f"wrong.{name}").touch(0o600)
            (secrets / f"wrong.{name}").write_text(canaries[f"wrong {name}"])
        contract = copy_contract(base / "contract", hosts.base_port)
        wrong = wrong_contract(base / "wrong-contract", hosts.base_port)
        marks: dict[str, str] = {}

        def careless(inspection: str) -> None:
            for host, log in LOGS.items():
                lines = Lines(in_logs)
                planted.append(host, log, lines.content)
                canaries.update({f"{name} of {host}, {inspection}": word for name, word in lines.canaries.items()})
                marks.update({mark: f"{name} of {host}, {inspection}" for mark, name in lines.marks.items()})

        for host in SHADOWS:
            planted.replace(host, "/etc/shadow", "inspector:*:", f"inspector:{canaries['hash']}:")
        for host in ("oa-db-01", "oa-db-02"):
            planted.slow(host, "mariadb")
        planted.slow("oa-cache-01", "redis-cli")
        worker = f"exec -a 'worker --db-password={shown}' sleep 600"
        planted.root("oa-app-01", f'bash -c "{worker}" >/dev/null 2>&1 </dev/null & echo $! >/run/practice/worker')
        undo.callback(planted.root, "oa-app-01", "kill $(cat /run/practice/worker); rm /run/practice/worker")
        careless("clean")
        run, no = base / "run", base / "refused"
        env = environment(run, hosts, contract, hosts.secrets_dir)
        env_wrong = environment(no, hosts, wrong, secrets)
        some = ("--host", "oa-app-02", "--host", "archive-app-01")
        with Watching() as watching:
            beside = Inspection(no, env_wrong, undo, *some)
            clean = Inspection(run, env, undo, "--why", "金丝雀检查").ended()
            refused = beside.ended()
        careless("faulty")
        awkward(planted, canaries)
        for name in FAULTS:
            hosts.fault(name)
        with Watching() as again:
            faulty = Inspection(run, env, undo).ended()
        watching.commands |= again.commands
        watching.environments |= again.environments
        yield Left(clean, faulty, refused, watching, canaries, shown, marks)


def awkward(planted: Planted, canaries: dict[str, str]) -> None:
    """Mistakes of the hosts' administrators."""
    # a login file that the client does not understand, and says so
    planted.replace("oa-db-02", MY_CNF, "password = ", f"pasword = {canaries['unknown option']}\npassword = ")
    planted.replace("mobile-cache-01", REDIS_AUTH, canaries["password of Redis"], canaries["wrong password of Redis"])
    mounts = (
        f"//nas/oa /srv/nas cifs noauto,username=oa,password={canaries['fstab']} 0 0\n"
        f"https://oa:{canaries['address in fstab']}@nas.example/ /srv/dav davfs noauto 0 0\n"
    )
    planted.append("oa-app-01", "/etc/fstab", mounts.encode())
    unit = f"sync.service loaded failed failed /usr/bin/sync --token={canaries['unit']}\n"
    planted.append("oa-db-01", "/run/practice/failed-units", unit.encode())
    up = planted.root("archive-db-01", "cut -d. -f1 /proc/uptime").strip()
    kernel = f'Unknown kernel command line parameters "ks=https://build:{canaries["kernel"]}@10.0.0.9/ks.cfg"'
    planted.append("archive-db-01", "/run/practice/dmesg", f"<3>[{up}.1] {kernel}\n".encode())
    pem = f"-----BEGIN PRIVATE KEY-----\n{canaries['certificate']}\n-----END PRIVATE KEY-----\n"
    planted.keep("mobile-gw-01", "/etc/ssl/xunjian/web.pem")
    planted.root("mobile-gw-01", ": >/etc/ssl/xunjian/web.pem")
    planted.append("mobile-gw-01", "/etc/ssl/xunjian/web.pem", pem.encode())
    said = f"echo 'psql: error: service file, line 3: password={canaries['words of a client']}' >&2; exit 2"
    planted.keep("archive-db-01", "/usr/local/lib/practice/psql")
    planted.append("archive-db-01", "/usr/local/lib/practice/psql", f"#!/bin/sh\n{said}\n".encode())
    planted.cover("archive-db-01", "/usr/local/lib/practice/psql", "psql")
    # what is said before anyone is asked
    config = "/etc/ssh/sshd_config"
    planted.append("oa-app-02", "/etc/issue.net", f"initial password: {canaries['banner']}\n".encode())
    planted.append("oa-app-02", config, b"Match all\nBanner /etc/issue.net\n")
    greeting = f"echo 'initial password: {canaries['greeting']}'; echo 'password: {canaries['greeting']}' >&2\n"
    planted.append("oa-app-01", "/home/inspector/.bashrc", greeting.encode())
    planted.append("mobile-db-01", "/usr/local/lib/practice/talks", forced(f"password: {canaries['answer']}").encode())
    planted.root("mobile-db-01", "chmod 755 $L/talks")
    planted.append("mobile-db-01", config, b"Match all\nForceCommand /usr/local/lib/practice/talks\n")


def needles(canaries: dict[str, str]) -> dict[bytes, str]:
    """All forms of all canaries, and of those that stand for nothing else both ends: a part is too much, too."""
    found = {form: "part of one that was made up" for part in ENDS for form in forms(part)}
    for name, text in canaries.items():
        made_up = ENDS[0] in text
        whole = made_up or text.isdecimal() or len(text) < 20
        for part in (text,) if whole else (text[:10], text[-10:]):
            found.update(dict.fromkeys(forms(part), name))
    return found


class Search:
    """Whether any canary stands in something; which one is asked only then."""

    def __init__(self, canaries: dict[str, str]) -> None:
        self._all = needles(canaries)
        real = {name: text for name, text in canaries.items() if ENDS[0] not in text}
        self._quick = needles(real)

    def __call__(self, content: bytes) -> set[str]:
        return leaks(content, self._all) if leaks(content, self._quick) else set()


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def test_the_inspections_were_real_ones(left: Left) -> None:
    # clean: every host was asked; the others found what they were to find
    assert (left.clean.code, left.faulty.code, left.refused.code) == (0, 3, 3)
    assert "全部正常" in left.clean.said, left.clean.said
    for words in ("OS22", "期望不少于 14 天", "OS08", "新出现"):
        assert words in left.faulty.said, left.faulty.said
    assert "passphrase" in left.refused.said, left.refused.said
    assert "登录被拒" in left.refused.said, left.refused.said
    for ran in (left.clean, left.refused):
        home = ran.folder / "home"
        assert {path.suffix for path in (home / "reports").iterdir()} >= {".html", ".pdf", ".docx"}
        assert (home / "ledger.db").stat().st_size
        assert list((home / "prefect").glob("*.db"))
    assert len(list((left.clean.folder / "home/evidence").rglob("*.txt"))) > 20


def test_the_careless_lines_were_read(left: Left) -> None:
    """All but what was to be kept from the records is in them."""
    kept = b"\n".join(unpacked(left.clean.folder / "home/ledger.db"))
    assert {name for mark, name in left.marks.items() if mark.encode() not in kept} == set()


def test_the_awkward_places_were_looked_at(left: Left) -> None:
    """What stands around a secret there is kept."""
    kept = "".join(path.read_text() for path in (left.clean.folder / "home/evidence").rglob("*.txt"))
    words = {
        "a client's complaint about its login file": "unknown variable 'pasword=",
        "a wrong password": "WRONGPASS",
        "an option in fstab": "username=oa,password=",
        "an address in fstab": "@nas.example",
        "a failed unit": "--token=",
        "the kernel's log": "ks=https://",
        "words that were not understood": "service file, line 3: password=",
    }
    assert {what for what, text in words.items() if text not in kept} == set()
    for said in ("看不懂主机的回答", "Unknown kernel command line", "主机的回答在中途断了", "不是 PEM 格式的证书"):
        assert said in left.faulty.said, said


def test_in_no_byte_left_behind(left: Left) -> None:
    # Given
    wanted = Search(left.canaries)
    files = files_of(left.clean.folder) + files_of(left.refused.folder)
    # When
    found = {f"{path}: {name}" for path in files for content in unpacked(path) for name in wanted(content)}
    # Then
    assert len(files) > 40
    assert not found, "\n".join(sorted(found))


def test_in_nothing_that_is_said(left: Left) -> None:
    wanted = Search(left.canaries)
    for ran in left.runs:
        assert wanted(ran.said.encode()) == set()
        assert wanted(unbroken(ran.said)) == set()


def test_in_no_command_line(left: Left) -> None:
    """On this machine and on the hosts, whose processes are seen from here."""
    lines = b"\n".join(left.watching.commands)
    # we did look while these ran, and they were told by file and by environment
    assert f"--defaults-extra-file={MY_CNF}".encode() in lines
    assert b"redis-cli\0-h\x00127.0.0.1\0-p\x006379\0info" in lines
    assert b"sh\0-s" in lines
    shown = left.shown.encode()
    assert any(shown in one for one in left.watching.commands)
    assert Search(left.canaries)(b"\n".join(left.watching.commands).replace(shown, b"")) == set()


def test_in_no_environment(left: Left) -> None:
    """But one: redis-cli knows no other way, and its environment is its own account's to see."""
    variables = {one for block in left.watching.environments for one in block.split(b"\0")}
    own = f"REDISCLI_AUTH={left.canaries['password of Redis']}".encode()
    wrong = f"REDISCLI_AUTH={left.canaries['wrong password of Redis']}".encode()
    assert own in variables  # we did look
    assert Search(left.canaries)(b"\n".join(variables - {own, wrong})) == set()


def test_for_nobody_else_to_read(left: Left) -> None:
    for ran in (left.clean, left.refused):
        written = [path for part in ("home", "user", "tmp") for path in (ran.folder / part).rglob("*")]
        open_to_others = [path for path in written if not path.is_symlink() and path.lstat().st_mode & 0o077]
        assert written
        assert open_to_others == []


def test_the_search_finds_what_is_there(left: Left) -> None:
    """The positive control: what may be kept is found in every kind of file."""
    home = left.clean.folder / "home"
    host = dict.fromkeys(forms("archive-app-01"), "host")
    reports = {path.suffix: path for path in (home / "reports").iterdir()}
    prefect = next((home / "prefect").glob("*.db"))
    for path in (*(reports[kind] for kind in (".html", ".pdf", ".docx")), home / "ledger.db", prefect):
        assert any(leaks(content, host) for content in list(unpacked(path))[1:]), path


def test_the_search_finds_each_canary(left: Left, tmp_path: Path) -> None:
    """The positive control: planted in each way, each is found."""
    wanted = Search(left.canaries)
    for text in left.canaries.values():
        assert wanted(f"...{text}...".encode()), text
        assert wanted(text[: len(text) // 2].encode()) or text.isdecimal() or len(text) < 20, text
    text = left.canaries["passphrase"]
    for shift in range(3):
        assert wanted(base64.b64encode(b"#" * shift + f"{text}...".encode()))
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as packing:
        packing.writestr("word/document.xml", f"<w:t>{text[:9]}</w:t><w:br/>\n<w:t>{text[9:]}</w:t>")
    with sqlite3.connect(tmp_path / "a.db") as base:
        base.execute("create table t (x)")
        # longer than a page: the file has it in pieces
        base.execute("insert into t values (?)", ("".join(f"{n % 10}{text}" for n in range(400)),))
    stream = zlib.compress(f"BT /F1 9 Tf 50 50 Td ({text}) Tj ET".encode())
    (tmp_path / "a.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 100]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font"
        b"/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Filter/FlateDecode/Length "
        + f"{len(stream)}>>stream\n".encode() + stream + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )  # fmt: skip
    for path in tmp_path.iterdir():
        assert [name for content in unpacked(path) for name in wanted(content)], path
    assert text.encode() in list(unpacked(tmp_path / "a.pdf"))[-1]  # as a reader sees it
