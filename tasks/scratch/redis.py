"""Redis: a scratch server that loads the RDB. Its keys are counted, not looked at."""

import re
import shlex
import subprocess
import time
from typing import BinaryIO

from checks.finding import Reason
from tasks.scratch.engine import AskError, Counted, Sampled, feed, nearly_full, one_value
from tasks.scratch.place import BrokenCopyError, Done, Scratch, ScratchError, Tail, program

_PACKAGE = "redis-server"
_SOCKET = "/run/scratch.sock"
_FOREIGN = {
    b"handle RDB format version": "RDB 的格式比本机的 Redis 新",
    b"module data I can't load": "RDB 里有模块的数据，本机的 Redis 没有这个模块",
}
_NO_MEMORY = (b"Out Of Memory", b"Can't allocate", b"Failed allocating", b"OOM loading")


class Redis:
    """A scratch server. All that is loaded is in its own memory, which has the place's limit too."""

    overhead_mb = 16
    version = ""

    def __init__(self, place: Scratch) -> None:
        self._place = place
        self._server = program("redis-server", package=_PACKAGE)
        self._client = program("redis-cli", package="redis-tools")

    def start(self) -> None:
        """Nothing: it reads its file as it starts."""
        version = self._place.run([self._server, "--version"]).out
        found = re.search(rb"v=([\d.]+)", version)
        self.version = f"Redis {found[1].decode()}" if found else "Redis"

    def server(self) -> frozenset[str]:
        """Nothing: it has no other file than the one that we give it, and no network."""
        return frozenset()

    def restore(self, stream: BinaryIO) -> None:
        """Put the file where the server looks for it, and wait until it has read it."""
        head = stream.read(65536)
        if not re.match(rb"REDIS\d{4}", head):
            raise BrokenCopyError("不是 RDB 文件：开头没有 REDIS")
        into = self._place.start(
            ["sh", "-c", "exec cat >/data/dump.rdb"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        said = Tail(into.stderr, 4096)
        feed(into, stream, head)
        if into.wait():
            self._place.in_time()
            raise (
                self._place.full()
                if b"No space left" in said.text()
                else ScratchError(Reason.UNSUPPORTED, "RDB 写不进暂存空间")
            )
        self._load()

    def counted(self) -> Counted:
        """Keys by database."""
        found = re.findall(rb"^db(\d+):keys=(\d+)", self._ask("INFO", "keyspace").out, re.MULTILINE)
        return Counted({f"db{number.decode()}": int(keys) for number, keys in found}, {})

    def value(self, question: str) -> str:
        """The one value that a command brings."""
        answer = self._ask(*shlex.split(question))
        lines = answer.out.decode(errors="replace").splitlines()
        if answer.status or (lines and lines[0].startswith("ERR")):
            raise AskError("命令执行不了")
        return one_value([line for line in lines if line])

    def sampled(self) -> Sampled:
        """No files."""
        return Sampled()

    def _load(self) -> None:
        limit = (self._place.space_mb + 512) << 20
        server = self._place.start(
            ["prlimit", f"--as={limit}", self._server, "--port", "0", "--unixsocket", _SOCKET, "--dir", "/data",
             "--dbfilename", "dump.rdb", "--save", "", "--appendonly", "no", "--daemonize", "no"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said = Tail(server.stdout, 65536)
        while self._ask("PING").out.strip() != b"PONG":
            if server.poll() is not None:
                self._place.in_time()
                raise self._judged(said.text())
            time.sleep(0.05)

    def _judged(self, said: bytes) -> Exception:
        for words, what in _FOREIGN.items():
            if words in said:
                return ScratchError(Reason.UNSUPPORTED, f"{what}；请在本机装与源库同版本的 Redis 后再演练")
        no_memory = any(words in said for words in _NO_MEMORY) and b"Short read" not in said
        if no_memory or nearly_full(self._place):
            return self._place.full()
        if b"checksum" in said:
            return BrokenCopyError("RDB 的校验和不对：内容已损坏")
        return BrokenCopyError("Redis 读不完这份 RDB：在中途断了或已损坏")

    def _ask(self, *words: str) -> Done:
        return self._place.run([self._client, "-s", _SOCKET, *words])
