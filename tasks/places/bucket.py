"""A bucket of an S3-compatible store, through fsspec and s3fs. For self-hosted stores: the bucket in the path, no
checksums that only AWS knows."""

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import s3fs  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError, SSLError  # type: ignore[import-untyped]
from fsspec.asyn import sync  # type: ignore[import-untyped]
from fsspec.exceptions import FSTimeoutError  # type: ignore[import-untyped]

from checks import os_words
from checks.backup import Place
from checks.finding import Reason
from tasks.places.ahead import Ahead
from tasks.places.errors import PlaceError
from tasks.ssh import Deadline, Entry

_BLOCK = 8 * 1024 * 1024  # bytes a request, at most
_BUFFER = 256 * 1024
_NO_TIME = datetime.fromtimestamp(0, UTC)
_CONNECT, _READ = 10, 30  # seconds
_STAGE = "读取对象存储"


class Bucket:
    """The objects of one bucket; a prefix up to a slash counts as a folder."""

    def __init__(self, place: Place, values: Mapping[str, str], deadline: Deadline) -> None:
        self._place, self._deadline = place, deadline
        self._files = s3fs.S3FileSystem(
            key=values[place.key or ""],
            secret=values[place.secret or ""],
            endpoint_url=str(place.endpoint),
            skip_instance_cache=True,  # it would keep the keys
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": _CONNECT,
                "read_timeout": _READ,
                "retries": {"max_attempts": 2},
                "s3": {"addressing_style": "path"},
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
        )
        self._files.retries = 2

    def listing(self, folder: str) -> Iterator[Entry]:
        """What lies under a prefix itself."""
        prefix = f"{self._place.bucket}/{folder.strip('/')}".rstrip("/")
        for one in self._ask(self._files._ls, prefix, detail=True):
            name = one["name"].rpartition("/")[2]
            is_folder = one["type"] == "directory"
            if name and (is_folder or one["name"] != prefix):
                at = one["LastModified"].astimezone(UTC) if not is_folder else _NO_TIME
                yield Entry(name, not is_folder, is_folder, one["size"] or 0, at, None)

    def open(self, path: str) -> io.BufferedReader:
        """An object, to be read and sought in."""
        key = f"{self._place.bucket}/{path.strip('/')}"
        size = self._ask(self._files._info, key)["size"]

        def fetch(offset: int, count: int) -> bytes:
            if offset >= size:  # an error there
                return b""
            try:
                return bytes(self._ask(self._files._cat_file, key, start=offset, end=min(offset + count, size)))
            except OSError as error:
                what = f"读到第 {offset} 字节时出错：{os_words.say(error)}"
                raise PlaceError(Reason.INCOMPLETE, what) from error

        return io.BufferedReader(Ahead(fetch, size, _BLOCK), _BUFFER)

    def _ask(self, ask: Any, *given: Any, **more: Any) -> Any:
        where = self._place.endpoint
        try:
            return sync(self._files.loop, ask, *given, timeout=max(0.01, self._deadline.left()), **more)
        except (FSTimeoutError, TimeoutError) as error:
            raise self._deadline.missed(_STAGE) from error
        except PermissionError as error:
            raise self._refused(error) from error
        except SSLError as error:
            what = f"对象存储 {where} 的证书不受信任；请用受信任的证书"
            raise PlaceError(Reason.UNREACHABLE, what) from error
        except FileNotFoundError as error:
            if "bucket" in str(error).lower():
                what = f"对象存储 {where} 里没有存储桶 {self._place.bucket}；请核对合同"
                raise PlaceError(Reason.CONFIGURATION, what) from error
            raise
        except (BotoCoreError, ClientError) as error:
            raise PlaceError(Reason.UNREACHABLE, f"对象存储 {where} 连不上；请查网址、网络和服务") from error

    def _refused(self, error: PermissionError) -> PlaceError:
        code = getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", "")
        if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"):
            return PlaceError(Reason.AUTHENTICATION, "对象存储不认访问密钥；请核对 key 和 secret 所指的口令")
        what = f"对象存储不许列出或读取 {self._place.bucket}；请给访问密钥只读权限"
        return PlaceError(Reason.PERMISSION, what)
