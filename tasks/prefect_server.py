"""Prefect's server and worker as processes of ours: on loopback, in a folder of their own, without telemetry."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from tasks.settings import Settings

POOL = "xunjian"
_START_LIMIT = 180.0  # seconds; a first start makes its database, about 20 s on two cores
_STOP_LIMIT = 30.0
_BESIDE = 30.0
_KEPT = timedelta(days=35)  # of runs, logs and events: a month can be looked back at in the UI


class ServerError(Exception):
    """Prefect's server or worker does not do what it should; the message is for the operator."""


def api_url(settings: Settings) -> str:
    """Where our server answers."""
    return f"http://127.0.0.1:{settings.port}/api"


def environment(settings: Settings, *, api: str | None = None) -> dict[str, str]:
    """The variables for everything of Prefect that we start, ours made absolute because workers start elsewhere."""
    ours = {
        "XUNJIAN_HOME": settings.root,
        "XUNJIAN_CONTRACT": settings.contract.absolute(),
        "XUNJIAN_SECRETS": settings.secrets_dir,
        "XUNJIAN_EVIDENCE": settings.evidence_dir,
        "XUNJIAN_REPORTS": settings.reports_dir,
        "XUNJIAN_CA": settings.ca_dir,
        "XUNJIAN_KNOWN_HOSTS": settings.known_hosts_file,
        "XUNJIAN_BACKUP": settings.backup_dir,
    }
    return {
        "PREFECT_HOME": str(settings.root / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "xunjian",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # What is to be kept is in our ledger; Prefect clears its own database of what is older.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"{_KEPT.total_seconds():.0f}",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{_KEPT.days}D",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": f"{_START_LIMIT:.0f}",
        "PREFECT_CLI_COLORS": "false",
        **({"PREFECT_API_URL": api} if api else {}),
        **{name: str(path) for name, path in ours.items()},
    }


def deployments_in(file: Path) -> list[dict[str, Any]]:
    """The deployments of a prefect.yaml."""
    deployments: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    return deployments


def healthy(settings: Settings) -> bool:
    """Tell whether our server answers now."""
    try:
        return httpx.get(f"{api_url(settings)}/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


class Prefect:
    """A server and a worker in the foreground, each a child of ours; both end when this ends."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings, self._tell = settings, tell
        self._logs = settings.root / "logs"
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        if healthy(self._settings):
            raise ServerError(f"端口 {self._settings.port} 上已有服务在运行；请先停掉它，或用 XUNJIAN_PORT 换一个端口")
        self._logs.mkdir(parents=True, exist_ok=True)
        port = str(self._settings.port)
        ui = {"PREFECT_UI_API_URL": api_url(self._settings), "PREFECT_SERVER_UI_API_URL": api_url(self._settings)}
        self._start("server", ["server", "start", "--host", "127.0.0.1", "--port", port], ui)
        try:
            self._wait_until_healthy()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def run(self, *arguments: str) -> str:
        """Run one of Prefect's own commands against the server.

        Raises:
            ServerError: it failed; the message holds the end of what it said.
        """
        command = [sys.executable, "-m", "prefect", *arguments]
        done = subprocess.run(  # noqa: S603
            command, env=self._environment({}), capture_output=True, text=True, timeout=_START_LIMIT, check=False
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()[-8:]
            raise ServerError(f"prefect {arguments[0]} 失败：" + "\n".join(said))
        return done.stdout

    def start_worker(self) -> None:
        """Start the worker that carries out the runs."""
        self._start("worker", ["worker", "start", "--pool", POOL, "--type", "process", "--limit", "6"], {})

    def wait(self, beside: Callable[[], None] | None = None) -> None:
        """Stay until a child ends by itself.

        Args:
            beside: done again and again meanwhile, every half a minute.

        Raises:
            ServerError: always, since none should.
        """
        due = time.monotonic()
        while True:
            if beside and time.monotonic() >= due:
                beside()
                due = time.monotonic() + _BESIDE
            for name, child in self._children:
                if (code := child.poll()) is not None:
                    raise ServerError(f"Prefect 的 {name} 意外结束（{code}），见 {self._logs / name}.log")
            time.sleep(0.5)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **environment(self._settings, api=api_url(self._settings)), **more}

    def _start(self, name: str, arguments: list[str], more: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "prefect", *arguments]
        with Path(self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                command, env=self._environment(more), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self._settings.root,
            )  # fmt: skip
        self._children.append((name, child))

    def _wait_until_healthy(self) -> None:
        started = time.monotonic()
        told = 0.0
        while not healthy(self._settings):
            waited = time.monotonic() - started
            if self._children[0][1].poll() is not None:
                raise ServerError(f"Prefect 服务没有启动成功，见 {self._logs}/server.log（端口是否被占用？）")
            if waited > _START_LIMIT:
                raise ServerError(f"Prefect 服务 {_START_LIMIT:.0f} 秒内没有就绪，见 {self._logs}/server.log")
            if waited - told >= 5:
                told = waited
                self._tell(f"正在等待 Prefect 服务就绪…… {waited:.0f} 秒（首次约 20 秒）")
            time.sleep(0.3)

    def _stop(self) -> None:
        """End the children, the worker first, so that its runs can still say how they ended."""
        for name, child in reversed(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(_STOP_LIMIT)
                except subprocess.TimeoutExpired:
                    self._tell(f"Prefect 的 {name} {_STOP_LIMIT:.0f} 秒内没有结束，强行结束")
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        self._children.clear()
