"""A process of its own for one look, in a network or with limits that this one's tests could not live in.

Takes JSON as its one argument, and answers with the reading in JSON:
    urls: what to look at, side by side
    sites: addresses, "host:port", on which a good system answers
    deaf: addresses that take no connection and refuse none
    witnesses: of the prober
    resolver: what the name server on 127.0.0.1 does: "silent", "no such name", or nothing for none at all
    handles: how many file handles are left; nothing for no limit
"""

import asyncio
import json
import os
import resource
import ssl
import sys
import threading
from contextlib import suppress
from socket import AF_INET, SOCK_DGRAM, create_connection, create_server, socket
from typing import Any

from probe_desk import GOOD, saying, system

from tasks.probe import Prober


def serve(address: str) -> None:
    host, _, port = address.rpartition(":")
    listening = create_server((host, int(port)))

    def answer() -> None:
        while True:
            with suppress(OSError), listening.accept()[0] as connection:
                saying(GOOD)(connection)

    threading.Thread(target=answer, daemon=True).start()


def ignore(address: str) -> list[socket]:
    host, _, port = address.rpartition(":")
    listening = create_server((host, int(port)), backlog=0)
    return [listening, create_connection((host, int(port)))]


def resolve(how: str) -> None:
    server = socket(AF_INET, SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def answer() -> None:
        while True:
            asked, who = server.recvfrom(512)
            if how == "no such name":  # the question again, with NXDOMAIN
                server.sendto(asked[:2] + b"\x81\x83" + asked[4:6] + bytes(6) + asked[12:], who)

    threading.Thread(target=answer, daemon=True).start()


async def look(order: dict[str, Any]) -> list[list[str]]:
    systems = [system(url) for url in order["urls"]]
    async with Prober(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), order.get("witnesses", ())) as prober:
        if order.get("handles") is not None:
            await prober.look(systems[0])  # what is imported late needs handles too
            leave(order["handles"])
        return [[one.sight, one.fault] for one in await asyncio.gather(*map(prober.look, systems))]


def leave(number: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    held = []
    with suppress(OSError):
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    for _ in range(number):
        os.close(held.pop())


if __name__ == "__main__":
    orders = json.loads(sys.argv[1])
    for one in orders.get("sites", ()):
        serve(one)
    ignored = [ignore(one) for one in orders.get("deaf", ())]
    if orders.get("resolver"):
        resolve(orders["resolver"])
    sys.stdout.write(json.dumps(asyncio.run(look(orders))))
    sys.stdout.flush()
    os._exit(0)  # a resolver that is silent would be waited for
