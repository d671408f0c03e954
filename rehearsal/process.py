"""The estate's background process: systems, desks for notifications, a control socket. Not started by people.

Called as: python -m rehearsal.process --home FOLDER
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from rehearsal.certs import make_certificates
from rehearsal.desks import Letters, MailDesk, hook
from rehearsal.errors import RehearsalError
from rehearsal.faults import Effect, Switchboard, find
from rehearsal.layout import HOST, SCHEMES, SYSTEMS, TITLES, Layout, Settings, port_of
from rehearsal.web import archive, mobile, oa
from rehearsal.web.manners import unhurried

BUILDERS = {"oa": oa.build, "mobile": mobile.build, "archive": archive.build}
log = logging.getLogger("rehearsal")


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the process, since there are three of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Office:
    """One system's listening socket; opened again whenever another certificate, or none at all, is called for."""

    def __init__(self, system: str, app: ASGIApp, settings: Settings, layout: Layout) -> None:
        self.name = system
        self._app = app
        self._port = port_of(system, settings.base_port)
        self._certs = layout.certs
        self._shown: str | None = None
        self._server: QuietServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def show(self, certificate: str | None) -> None:
        """Serve with this certificate; None closes the port. Does nothing when that is so already."""
        if certificate == self._shown:
            return
        await self.close()
        if certificate is not None:
            await self._open(certificate)
        self._shown = certificate

    async def _open(self, certificate: str) -> None:
        # The protocol is named, or else asyncio does not set TCP_NODELAY and each answer is 40 ms late.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, self._port))
        except OSError as error:
            listener.close()
            raise RehearsalError(f"端口 {self._port}（{TITLES[self.name]}）已被占用。") from error
        secure = SCHEMES[self.name] == "https"
        config = uvicorn.Config(
            self._app,
            log_config=None,
            lifespan="off",
            access_log=False,
            timeout_graceful_shutdown=1,
            server_header=False,
            ssl_certfile=self._certs / f"{certificate}.pem" if secure else None,
            ssl_keyfile=self._certs / f"{certificate}.key" if secure else None,
        )
        self._server = QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._server = self._task = self._shown = None


class Process:
    """The three offices and what can be asked of them."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self.layout = layout
        self.settings = settings
        self.switches = Switchboard()
        self.stopped = asyncio.Event()
        self._busy = asyncio.Lock()
        letters = Letters(layout.letters)
        self._offices: list[Office | MailDesk] = [
            *(Office(name, self._system(name), settings, layout) for name in SYSTEMS),
            Office("hook", hook(letters), settings, layout),
            MailDesk(port_of("mail", settings.base_port), letters),
        ]

    def _system(self, name: str) -> ASGIApp:
        return unhurried(BUILDERS[name](self.settings, self.switches), self.settings.delay)

    async def arrange(self) -> None:
        """Make the listening sockets agree with the faults that are on."""
        for office in self._offices:
            certificate: str | None = "valid"
            for fault in self.switches.of(office.name):
                if fault.effect is Effect.CERTIFICATE:
                    certificate = fault.certificate
            if any(fault.effect is Effect.CLOSED for fault in self.switches.of(office.name)):
                certificate = None
            await office.show(certificate)

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        async with self._busy:
            match order.get("command"):
                case "status":
                    pass
                case "fault":
                    self.switches.turn_on(find(order["name"]))
                    await self.arrange()
                case "clear":
                    self.switches.clear(order.get("name", ""))
                    await self.arrange()
                case "stop":
                    self.stopped.set()
                case other:
                    return {"error": f"不认识的命令：{other}"}
        return {"pid": os.getpid(), "faults": self.switches.names(), "base_port": self.settings.base_port}

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            order = json.loads(await reader.readline())
            log.info("control: %s", order)
            answer = await self.obey(order)
        except RehearsalError as error:
            answer = {"error": str(error)}
        except (ValueError, KeyError):
            answer = {"error": "命令格式不对。"}
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def run(self) -> None:
        make_certificates(self.layout.certs, dt.datetime.now(dt.UTC))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        try:
            await self.arrange()
            self.layout.socket.unlink(missing_ok=True)
            mask = os.umask(0o177)
            control = await asyncio.start_unix_server(self.converse, self.layout.socket)
            os.umask(mask)
            log.info("up, pid %s", os.getpid())
            await self.stopped.wait()
            control.close()
        finally:
            self.switches.clear()
            self.layout.socket.unlink(missing_ok=True)
            await asyncio.gather(*(office.close() for office in self._offices))
            log.info("down")


async def _main(layout: Layout, settings: Settings) -> None:
    await Process(layout, settings).run()


def main() -> int:
    parser = argparse.ArgumentParser(description="The practice estate's process")
    parser.add_argument("--home", type=Path, required=True)
    layout = Layout(parser.parse_args().home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings.load(layout.settings.read_text(encoding="utf-8"))
    try:
        asyncio.run(_main(layout, settings))
    except RehearsalError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
