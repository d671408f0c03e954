"""The practice hosts' process on the machine: keeps the computer centre, listens at the control socket.

Called as: python -m rehearsal.hosts.process --home FOLDER (by `HostEstate.up`, not by people).
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
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from rehearsal import control
from rehearsal.certs import make_certificates
from rehearsal.errors import RehearsalError
from rehearsal.hosts import datacentre, faults, furnish, keys
from rehearsal.hosts.daemons.service import Supplies
from rehearsal.hosts.fault import PRELUDE, HostFault
from rehearsal.hosts.rooms import Rooms
from rehearsal.hosts.roster import BASTION, HOSTS, bastion_port, host_named
from rehearsal.hosts.wire import Wire

log = logging.getLogger("rehearsal.hosts")


class Process:
    """The hosts' lines, the faults that are on, and what can be asked."""

    def __init__(self, wires: dict[str, Wire], centre: int, base_port: int, spare: Path) -> None:
        self.wires, self.base_port, self._centre, self._spare = wires, base_port, centre, spare
        self.stopped = asyncio.Event()
        self.booted: dict[str, int] = {}
        self._on: set[str] = set()
        self._busy = asyncio.Lock()

    async def set_up(self, secrets: Path) -> None:
        """Give each host its accounts' keys and start its daemons."""
        monitor, replication, counting = (token_urlsafe(18) for _ in range(3))
        restic, borg = ((secrets / name).read_text(encoding="utf-8") for name in (keys.RESTIC, keys.BORG))
        supplies = Supplies(self._spare, monitor, replication, counting, restic, borg)
        await asyncio.gather(*(furnish.furnish(wire, name, secrets, supplies) for name, wire in self.wires.items()))

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """One order of the control socket."""
        match order.get("command"):
            case "status":
                await self._look()
            case "fault":
                async with self._busy:
                    fault = faults.find(order["name"])
                    if fault.name not in self._on:
                        self._on.add(fault.name)
                        await self._do(fault, fault.on)
            case "clear":
                async with self._busy:
                    await self._clear(order.get("name", ""))
            case "run":
                wire = self.wires[host_named(order["host"]).name] if order["host"] != BASTION else self.wires[BASTION]
                return await wire.ask("run", script=order["script"])
            case "write":
                await self.wires[host_named(order["host"]).name].write(order["path"], order["text"], order["mode"])
            case "counts":
                return {"counts": {name: await wire.ask("counts") for name, wire in self.wires.items()}}
            case "stop":
                self.stopped.set()
            case other:
                return {"error": f"不认识的命令：{other}"}
        return {
            "pid": os.getpid(), "faults": sorted(self._on), "base_port": self.base_port,
            "booted": self.booted, "hosts": [host.name for host in HOSTS],
        }  # fmt: skip

    async def _look(self) -> None:
        """Which hosts have started all of their daemons, and how that ended."""
        for host in HOSTS:
            if host.name not in self.booted:
                answer = await self.wires[host.name].ask("run", script="cat /run/practice/booted 2>/dev/null")
                if answer["out"].strip():
                    self.booted[host.name] = int(answer["out"])
                    if self.booted[host.name] != 0:
                        words = (await self.wires[host.name].ask("run", script="cat /run/practice/boot.log"))["out"]
                        log.error("%s did not start: %s", host.name, words)

    async def _clear(self, wanted: str) -> None:
        """One fault, or all; what cannot be mended is told when the others have been."""
        told = []
        for name in sorted(self._on):
            if wanted in ("", name):
                self._on.discard(name)
                try:
                    await self._do(faults.find(name), faults.find(name).off)
                except RehearsalError as error:
                    told.append(str(error))
        if told:
            raise RehearsalError("；".join(told))

    async def _do(self, fault: HostFault, script: str) -> None:
        whole, limit = f"set -e\n{PRELUDE}\n{script}", control.SWITCH - 5
        answer = await self.wires[fault.host].ask("run", script=whole, limit=limit)
        if answer["code"] != 0:
            raise RehearsalError(f"故障 {fault.name} 没有切换成功：{answer['out'].strip()[-300:]}")

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection at the control socket: one line, one answer."""
        try:
            answer = await self.obey(json.loads(await reader.readline()))
        except RehearsalError as error:
            answer = {"error": str(error)}
        except (ValueError, KeyError):
            answer = {"error": "命令格式不对。"}
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def run(self, rooms: Rooms, secrets: Path) -> None:
        """Until told to stop, or until the centre is gone."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        loop.add_signal_handler(signal.SIGCHLD, self._child_ended)
        for wire in self.wires.values():
            await wire.open()
        await self.set_up(secrets)
        rooms.socket.unlink(missing_ok=True)
        mask = os.umask(0o177)
        control = await asyncio.start_unix_server(self.converse, rooms.socket, limit=2**20)
        os.umask(mask)
        log.info("up, pid %s", os.getpid())
        await self.stopped.wait()
        control.close()

    def _child_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(self._centre, os.WNOHANG)[0]:
                self.stopped.set()


def _open(rooms: Rooms, base_port: int) -> tuple[int, dict[str, Wire]]:
    """Fork the computer centre, before there is an event loop or a thread."""
    names = [BASTION, *(host.name for host in HOSTS)]
    pairs = {name: socket.socketpair() for name in names}
    entrance = socket.socket()
    entrance.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        entrance.bind(("127.0.0.1", bastion_port(base_port)))
    except OSError as error:
        raise RehearsalError(f"端口 {bastion_port(base_port)}（演练堡垒机）已被占用。") from error
    entrance.listen(128)
    for folder in (rooms.mount_point, rooms.shared):
        folder.mkdir(parents=True, exist_ok=True)
    theirs = {name: pair[1] for name, pair in pairs.items()}
    centre = datacentre.start(rooms, entrance, theirs, [pair[0] for pair in pairs.values()])
    entrance.close()
    for channel in theirs.values():
        channel.close()
    return centre, {name: Wire(name, pair[0]) for name, pair in pairs.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="The practice hosts' process")
    parser.add_argument("--home", type=Path, required=True)
    rooms = Rooms(parser.parse_args().home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = json.loads(rooms.settings.read_text(encoding="utf-8"))
    try:
        keys.ensure_host_keys(rooms.keys)
        make_certificates(rooms.spare, dt.datetime.now(dt.UTC), [host.name for host in HOSTS])
        centre, wires = _open(rooms, settings["base_port"])
        try:
            asyncio.run(
                Process(wires, centre, settings["base_port"], rooms.spare).run(rooms, Path(settings["secrets"]))
            )
        finally:
            rooms.socket.unlink(missing_ok=True)
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(centre, signal.SIGKILL)  # the kernel ends all that lives in its namespaces
                os.waitpid(centre, 0)
    except RehearsalError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
