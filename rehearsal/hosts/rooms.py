"""Where the practice hosts keep their things, inside the estate's folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.layout import SOCKET_PATH_LIMIT


@dataclass(frozen=True)
class Rooms:
    """The folders and files of one set of hosts."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "hosts"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def spare(self) -> Path:
        """Certificates, good and bad."""
        return self.folder / "certs"

    @property
    def shared(self) -> Path:
        """What two hosts both see; a folder of the computer centre's, empty on the machine."""
        return self.folder / "shared"

    @property
    def mount_point(self) -> Path:
        """Where a host's root folder is put together; stays empty on the machine."""
        return self.folder / "root"

    @property
    def log(self) -> Path:
        return self.home / "hosts.log"

    @property
    def pid(self) -> Path:
        return self.home / "hosts.pid"

    @property
    def settings(self) -> Path:
        return self.home / "hosts.json"

    @property
    def socket(self) -> Path:
        path = self.home / "h"
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
            raise RehearsalError(f"控制套接字的路径过长：{path}。请把 XUNJIAN_HOME 设到较短的目录。")
        return path
