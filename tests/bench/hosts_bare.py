"""The measure: the same script on the same hosts by plain paramiko, as one would write it by hand.

A thread pool, a client per host, all that comes back kept in memory. No section is read, nothing is put on record.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko  # type: ignore[import-untyped]


def ask(names: Sequence[str], config_file: Path, script: bytes, lanes: int) -> list[bytes]:
    """Run a script in `sh -s` on every host; what each said."""
    config = paramiko.SSHConfig.from_path(str(config_file))
    key = paramiko.Ed25519Key.from_private_key_file(config.lookup(names[0])["identityfile"][0])

    def one(name: str) -> bytes:
        options = config.lookup(name)
        with paramiko.SSHClient() as client:
            client.load_host_keys(options["userknownhostsfile"])
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                options["hostname"],
                port=int(options["port"]),
                username=options.get("user"),
                pkey=key,
                look_for_keys=False,
                allow_agent=False,
                timeout=120,
            )
            stdin, stdout, stderr = client.exec_command("sh -s", timeout=120)
            stdin.write(script)
            stdin.channel.shutdown_write()
            said: bytes = stdout.read()
            stderr.read()
            return said

    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(one, names))
