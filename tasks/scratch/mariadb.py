"""MariaDB: a scratch server on a socket, and what is asked of it and of the source, which may be a MySQL."""

import re
import subprocess
from datetime import UTC, datetime, tzinfo
from secrets import token_hex
from typing import Any, BinaryIO

from checks.finding import Reason
from checks.host_script import quoted
from tasks.scratch.engine import (
    AskError,
    Counted,
    Sampled,
    await_answer,
    digests,
    feed,
    nearly_full,
    one_value,
)
from tasks.scratch.place import BrokenCopyError, Scratch, ScratchError, Tail, program

PATIENCE = 60
"""Seconds for one question to the source."""

_PACKAGE = "mariadb-server"
_INTO = "xunjian_scratch"
_SOCKET = "/run/scratch.sock"
_SETTINGS = (
    f"--socket={_SOCKET}", "--skip-networking", "--skip-log-bin", "--skip-name-resolve", "--pid-file=/run/scratch.pid",
    "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0", "--innodb-flush-method=fsync", "--innodb-use-native-aio=0", "--performance-schema=0",
    "--event-scheduler=OFF", "--local-infile=0", "--max-allowed-packet=1G", "--tmpdir=/tmp",
    "--character-set-server=utf8mb4",
)  # fmt: skip
_FULL = {3, 28, 1021, 1030, 1114}
_FOREIGN = {
    1115: "转储里用到的字符集，本机的 MariaDB 没有",
    1193: "转储里用到的参数，本机的 MariaDB 没有",
    1273: "转储里用到的排序规则，本机的 MariaDB 没有（例如 MySQL 8 的 utf8mb4_0900_ai_ci）",
    1286: "转储里用到的存储引擎，本机的 MariaDB 没有",
    1524: "转储里用到的插件，本机的 MariaDB 没有",
}
_LOST = {2006, 2013}
_ERROR = re.compile(rb"ERROR (\d+)[^\n]*? at line (\d+)")
_HEAD = re.compile(rb"-- (MySQL|MariaDB) dump ")
_END = b"-- Dump completed"
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

# Names as hex: they may have any character. What one kind of server does not know is an error of that statement only.
QUESTIONS = """\
set session transaction read only;
/*M!100101 set session max_statement_time=SECONDS */;
/*!50708 set session max_execution_time=SECONDS000 */;
select 'server', hex(concat_ws('|', 'place', @@datadir, @@hostname, @@port, @@socket, @@pid_file));
select 'server', hex(concat('uuid ', @@server_uuid));
select 'column', hex(c.table_name), hex(concat_ws('|', column_name, column_type, is_nullable))
    from information_schema.columns c join information_schema.tables t
    on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = database() and table_type = 'BASE TABLE' order by c.table_name, ordinal_position;
"""
_COUNTS = """\
select concat('select \\'rows\\', \\'', hex(table_name), '\\', count(*) from `', replace(table_name, '`', '``'), '`;')
    from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE' order by table_name;
"""


def _script(client: str, database: str) -> str:
    """The questions for `sh`; `client` is a whole command."""
    into = quoted(database)
    return f"""\
my() {{ {client} --no-auto-rehash -NB --force --default-character-set=utf8mb4 {into}; }}
my <<'QUESTIONS'
{QUESTIONS.replace("SECONDS", str(PATIENCE))}QUESTIONS
my <<'QUESTIONS' | {{ printf '%s\\n' 'set session transaction read only;' \\
    '/*M!100101 set session max_statement_time={PATIENCE} */;' \\
    '/*!50708 set session max_execution_time={PATIENCE}000 */;'; cat; echo "select 'end';"; }} | my
{_COUNTS}QUESTIONS
"""


class MariaDB:
    """A scratch server."""

    overhead_mb = 256
    version = ""

    def __init__(self, place: Scratch, zone: tzinfo, database: str) -> None:
        self._place, self._database = place, database
        self._into = database or _INTO
        self._server = program("mariadbd", "mysqld", package=_PACKAGE)
        self._installer = program("mariadb-install-db", package=_PACKAGE)
        self._client = program("mariadb", package="mariadb-client")
        self._data = f"/data/{token_hex(8)}"  # no other server has its data in a folder of this name
        offset = datetime.now(UTC).astimezone(zone).strftime("%z")
        self._zone = f"--default-time-zone={offset[:3]}:{offset[3:]}"

    def start(self) -> None:
        """Begin, empty."""
        made = self._place.run(
            [self._installer, "--no-defaults", f"--datadir={self._data}", "--skip-test-db", "--force",
             "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M", "--innodb-use-native-aio=0"]
        )  # fmt: skip
        if made.status:
            raise (
                self._place.full()
                if nearly_full(self._place)
                else ScratchError(
                    Reason.UNSUPPORTED,
                    "暂存的 MariaDB 建不起来（mariadb-install-db 出错）；请核对本机的 MariaDB 是否装全",
                )
            )
        server = self._place.start([self._server, "--no-defaults", f"--datadir={self._data}", *_SETTINGS, self._zone])
        await_answer(self._place, server, lambda: self._ask("", b"select 1;").status == 0, "MariaDB")
        self._ask("", b"create database `%s`;" % self._into.replace("`", "``").encode())
        self.version = f"MariaDB {self._ask('', b'select version();').out.decode().partition('-')[0].strip()}"

    def server(self) -> frozenset[str]:
        """By what it may be told from others."""
        return _read(self._questions("mysql")).server

    def restore(self, stream: BinaryIO) -> None:
        """Feed the copy to the client, whose own commands are off: a dump has no use for them."""
        head = stream.read(65536)
        words = self._words("--binary-mode", "--max-allowed-packet=1G", self._into)
        client = self._place.start(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        said = Tail(client.stderr, 65536)
        tail = feed(client, stream, head)
        status = client.wait()
        self._place.in_time()
        if status:
            raise self._judged(said.text())
        if _HEAD.search(head) and _END not in tail:
            raise BrokenCopyError("转储在中途断了：没有 mysqldump 写在最后的 Dump completed")
        self._into = self._found()

    def counted(self) -> Counted:
        """What is in it now."""
        out = self._questions(self._into)
        if not out.rstrip().endswith(b"end"):
            raise ScratchError(Reason.INCOMPLETE, "暂存的 MariaDB 没有答完；请重做演练")
        return _read(out)

    def value(self, question: str) -> str:
        """The one value that a question of the contract brings."""
        answer = self._ask(self._into, question.encode())
        if answer.status:
            code = re.search(rb"ERROR (\d+)", answer.err)
            raise AskError(f"语句执行不了（错误号 {code[1].decode() if code else '不明'}）")
        return one_value(answer.out.decode(errors="replace").splitlines())

    def sampled(self) -> Sampled:
        """No files."""
        return Sampled()

    def _words(self, *words: str) -> list[str]:
        return [self._client, "--no-defaults", f"--socket={_SOCKET}", "--user=root",
                "--default-character-set=utf8mb4", *words]  # fmt: skip

    def _ask(self, database: str, sql: bytes) -> Any:
        return self._place.run([*self._words("-N", "-B"), *([database] if database else [])], sql)

    def _questions(self, database: str) -> bytes:
        client = " ".join(quoted(word) for word in self._words())
        return bytes(self._place.run(["sh", "-s"], _script(client, database).encode()).out)

    def _found(self) -> str:
        """The database that the copy has filled: the one that we gave it, or its own."""
        sql = b"select table_schema, count(*) from information_schema.tables group by 1 order by 2 desc;"
        lines = self._ask("", sql).out.decode().splitlines()
        filled = [name for name, _, _ in (line.partition("\t") for line in lines) if name not in _SYSTEM]
        return self._into if self._into in filled or self._database or not filled else filled[0]

    def _judged(self, said: bytes) -> Exception:
        """What the client complained of."""
        found = _ERROR.search(said)
        code, line = (int(found[1]), found[2].decode()) if found else (0, "")
        full = b"Errcode: 28" in said or b"No space left" in said
        if code in _FULL or full or (code in _LOST and nearly_full(self._place)):
            return self._place.full()
        if code in _FOREIGN:
            what = f"{_FOREIGN[code]}（第 {line} 行，错误号 {code}）"
            return ScratchError(Reason.UNSUPPORTED, f"{what}；请在本机装与源库同种、同版本的数据库后再演练")
        return BrokenCopyError(
            f"转储执行到中途出错（第 {line} 行，错误号 {code}）" if code else "MariaDB 客户端看不懂这份转储"
        )


def script(defaults_file: str, port: int, database: str) -> str:
    """The source's questions, for `sh` on its host."""
    words = f"--defaults-extra-file={quoted(defaults_file)} {f'-P {port}' if port else ''} --connect-timeout=10"
    return f"""\
client=$(command -v mariadb || command -v mysql) || {{ echo 'no client' >&2; exit 127; }}
[ -r {quoted(defaults_file)} ] || {{ echo 'no login' >&2; exit 77; }}
{_script(f'"$client" {words}', database)}"""


def answer(out: bytes, err: bytes) -> Counted:
    """What the source has said.

    Raises:
        AskError: it has not.
    """
    # 1193: it is no MySQL, or no MariaDB; the others tell of tables that may not be read.
    errors = [int(code) for code in re.findall(rb"ERROR (\d+)", err) if int(code) != 1193]
    hard = [code for code in errors if code not in (1142, 1143)]
    if out.rstrip().endswith(b"end") and not hard:
        return _read(out)._replace(unreadable=len(errors))
    if b"no client" in err:
        raise AskError("源库主机上没有 mariadb 或 mysql 客户端")
    if b"no login" in err:
        raise AskError("读不到源库主机上的登录文件；请查 restore.source.defaults_file 和它的权限")
    raise AskError(f"源库没有答出（错误号 {hard[0]}）" if hard else "源库没有答完")


def _read(out: bytes) -> Counted:
    rows = [line.split("\t") for line in out.decode().splitlines()]
    columns = [(_name(row[1]), (_name(row[2]),)) for row in rows if row[0] == "column"]
    return Counted(
        tables={_name(row[1]): int(row[2]) for row in rows if row[0] == "rows"},
        definitions=digests(columns),
        server=frozenset(_name(row[1]) for row in rows if row[0] == "server"),
    )


def _name(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal).decode(errors="replace")
