"""What tests of several folders share: a practice estate on free ports, the sample contract that points at it, and an
office in a folder of the test's own."""

import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import uvicorn
import yaml
from estate_client import find_base_port
from starlette.applications import Starlette

from checks.records import RunRecord
from checks.slots import PAGE_INSPECTION, page_slots
from rehearsal.certs import make_certificates
from rehearsal.estate import Estate
from rehearsal.hosts.estate import HostEstate
from rehearsal.sample import copy_contract
from tasks.crypto.tls import trusting
from tasks.settings import Settings

if TYPE_CHECKING:
    from year import Year

# What the machine's user has set must not reach into tests, nor tests into what is theirs.
for name in [name for name in os.environ if name.startswith(("XUNJIAN_", "PREFECT_"))]:
    if name != "XUNJIAN_BROWSER":
        del os.environ[name]


@pytest.fixture(scope="session")
def running_estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """One estate for the whole session; use `estate`, which clears its faults."""
    with Estate(tmp_path_factory.mktemp("e") / "rehearsal", find_base_port()) as estate:
        yield estate


@pytest.fixture
def estate(running_estate: Estate) -> Iterator[Estate]:
    """The running estate; all faults are off before and after."""
    running_estate.clear()
    yield running_estate
    running_estate.clear()


@pytest.fixture(scope="session")
def running_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostEstate]:
    """The twelve practice hosts for the whole session; use `hosts`, which clears their faults."""
    with HostEstate(tmp_path_factory.mktemp("h") / "rehearsal", find_base_port()) as hosts:
        yield hosts


@pytest.fixture
def hosts(running_hosts: HostEstate) -> Iterator[HostEstate]:
    """The running hosts; all faults are off before and after."""
    running_hosts.clear()
    yield running_hosts
    running_hosts.clear()


@pytest.fixture(scope="session")
def short_year(tmp_path_factory: pytest.TempPathFactory) -> "Year":
    """A month of the simulated year and some days of the next, with everything that happens in one; made once. Nothing
    is added to it: whoever wants to enter something copies its folder."""
    from year import generate  # it brings Prefect along: seconds, for every test of a check

    return generate(tmp_path_factory.mktemp("year") / "home", days=33)


@pytest.fixture
def host_settings(running_hosts: HostEstate, tmp_path: Path) -> Settings:
    """Settings with a home and a contract folder of the test's own, for the running hosts."""
    contract = copy_contract(tmp_path / "host-contract", running_hosts.base_port)
    return Settings(
        home=tmp_path / "host-home",
        contract=contract,
        secrets=running_hosts.secrets_dir,
        known_hosts=running_hosts.known_hosts,
    )


@pytest.fixture
def sample_contract(running_estate: Estate, tmp_path: Path) -> Path:
    """A copy of the sample contract folder that points at the estate."""
    return copy_contract(tmp_path / "contract", running_estate.settings.base_port)


@pytest.fixture
def patient_contract(sample_contract: Path) -> Path:
    """The same, for tests that are not about response times: a machine that does much else is slow."""
    return be_patient(sample_contract)


def be_patient(contract: Path) -> Path:
    """Let every page of a contract folder take its time."""
    for file in contract.glob("systems/*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\nlimits: {{ warn: 40, crit: 50, down: 60 }}\n", encoding="utf-8")
    return contract


@pytest.fixture
def settings_for(running_estate: Estate, tmp_path: Path) -> Callable[[Path], Settings]:
    """Settings with a home of the test's own, the estate's secrets and its certification authority."""

    def make(contract: Path, **more: object) -> Settings:
        secrets, ca = running_estate.secrets_dir, running_estate.ca_dir
        return Settings(home=tmp_path / "home", contract=contract, secrets=secrets, ca=ca, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Starts a small site on a free port, in a thread, and returns its address."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Starlette, certificate: Path | None = None) -> str:
        tls = {"ssl_certfile": certificate, "ssl_keyfile": certificate.with_suffix(".key")} if certificate else {}
        quiet = {"log_level": "critical", "lifespan": "off", "ws": "none", "timeout_graceful_shutdown": 1}
        config = uvicorn.Config(app, port=0, **quiet, **tls)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        servers.append((server, thread))
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"{'https' if certificate else 'http'}://127.0.0.1:{port}"

    yield start
    for server, _ in servers:
        server.should_exit = server.force_exit = True
    for _, thread in servers:
        thread.join(10)


def write_contract(folder: Path, *systems: dict[str, Any]) -> Path:
    """A contract folder for systems of the test's own."""
    (folder / "systems").mkdir(parents=True)
    (folder / "journeys").mkdir()
    head = {
        "name": "测试合同",
        "client": {"name": "甲"},
        "contractor": {"name": "乙"},
        "term": {"start": "2020-01-01", "end": "2099-12-31"},
    }
    (folder / "contract.yaml").write_text(yaml.safe_dump(head, allow_unicode=True), encoding="utf-8")
    for system in systems:
        text = yaml.safe_dump({"name": system["id"], **system}, allow_unicode=True, sort_keys=False)
        (folder / "systems" / f"{system['id']}.yaml").write_text(text, encoding="utf-8")
    return folder


def write_secret(folder: Path, name: str, value: str) -> None:
    """One secret, readable by us alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(value, encoding="utf-8")
    (folder / name).chmod(0o600)


def inspect(settings: Settings, system: str) -> RunRecord:
    """Inspect one system in a real browser and read back what is on record of it."""
    from flows.caller import Caller
    from flows.office import Office
    from flows.page_visits import PageRounds
    from flows.run import carried_out
    from tasks.browser.chromium import Chromium

    office = Office(settings)
    today = office.today()
    slot = next(slot for slot in page_slots(office.contract, today) if slot.target == system)
    office.expect([slot])
    by = Caller("", "cli", "测试", "测试")
    with Chromium(settings, [office.contract.system(system)]) as chromium:
        carried_out(office, slot, by, {}, lambda run: PageRounds(run, chromium).go())
    return [run for run in office.ledger.runs(PAGE_INSPECTION, today, today) if run.slot == slot.id][-1]


@pytest.fixture(scope="session")
def helpers() -> Any:
    """Functions that tests of several folders use: tests are no package, so they cannot import each other."""

    class Helpers:
        find_base_port = staticmethod(find_base_port)
        write_contract = staticmethod(write_contract)
        write_secret = staticmethod(write_secret)
        be_patient = staticmethod(be_patient)
        inspect = staticmethod(inspect)

    return Helpers


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a test CA and of certificates for 127.0.0.1: valid.pem, expired.pem, self-signed.pem, and keys."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, datetime.now(UTC))
    return folder


@pytest.fixture(scope="session")
def trusted(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What trusts the test CA, made as the product makes it."""
    folder = tmp_path_factory.mktemp("ca")
    shutil.copy(certificates / "ca.pem", folder)
    return trusting(folder)


# The two databases on which a ledger is kept: a SQLite file, and a real PostgreSQL of the tests' own.


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster of our own, behind a socket. It refuses to run as root, so as root we lend it a user."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = binaries[-1] if binaries else Path(shutil.which("initdb") or "/usr/bin/initdb").parent
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    become: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        become = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

    def run(program: str, *words: str) -> None:
        command = [*become, f"{found}/{program}", "-D", f"{folder}/data", *words]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    run("initdb", "-U", "ledger", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c timezone=Asia/Tokyo"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", settings, "start")
    yield f"postgresql+psycopg://ledger@/DATABASE?host={folder}"
    run("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    cluster = request.getfixturevalue("postgres")
    name = f"t{time.monotonic_ns()}"
    engine = sa.create_engine(cluster.replace("DATABASE", "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return str(cluster.replace("DATABASE", name))
