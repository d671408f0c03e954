"""The practice hosts' backups: made by the real programs, sound, and each fault of them seen by those programs too."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from estate_client import find_base_port

from checks.contract import Contract
from rehearsal.hosts.broken_backups import BACKUP_FAULTS
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import ALL_FAULTS
from rehearsal.hosts.keys import BORG, RESTIC
from rehearsal.sample import SAMPLE
from tasks.contract_folder import load

Look = Callable[[str, str], str]
LISTED = """\
for folder in /var/backups/* /data/offsite /srv/restic /srv/borg; do
    [ ! -e $folder ] || find $folder -printf '%p %s %m %u %g %T@\\n' -type f -exec sha256sum {} +
done | sort
"""
NEWEST = "cd {0}; new=$(ls -t {1} | head -n 1); "


@pytest.fixture(scope="module")
def practised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostEstate]:
    with HostEstate(tmp_path_factory.mktemp("b") / "rehearsal", find_base_port()) as estate:
        yield estate


@pytest.fixture
def whole(practised: HostEstate) -> Iterator[HostEstate]:
    yield practised
    practised.clear()


@pytest.fixture
def inspector(whole: HostEstate) -> Look:
    """Runs a script on a host as the inspection's account."""

    def look(host: str, script: str) -> str:
        whole.put(host, "/tmp/look", f"set -e\nexport HOME=/home/inspector\n{script}\n")
        code, out = whole.console(host, "$AS_INSPECTOR sh /tmp/look 2>&1; code=$?; rm -rf /tmp/look*; exit $code")
        return f"{out}exit {code}"

    return look


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load(SAMPLE)


SOUND = {
    "oa.db": ("oa-db-01", f"{NEWEST.format('/var/backups/db', 'app-*.gz')}sha256sum -c $new.sha256;zcat $new | tail -1",
              r"Dump completed on"),
    "oa.files": ("oa-app-01", NEWEST.format("/var/backups/files", "*.gz") + "tar -tzf $new | grep -c pdf", r"^5\d$"),
    "oa.cache": ("oa-cache-01", NEWEST.format("/var/backups/redis", "*.rdb") + "redis-check-rdb $new", r"RDB looks OK"),
    "mobile.db": ("mobile-db-01", NEWEST.format("/var/backups/db", "app-*.gz") + "gzip -t $new; zcat $new | tail -n 6",
                  r"PostgreSQL database dump complete"),
    "archive.db": ("archive-db-01", NEWEST.format("/var/backups/db", "*.dump") + "pg_restore -f - $new | grep -c .",
                   r"^[6-9]\d\d$"),
}  # fmt: skip
BROKEN = {
    "oa-db-01:backup-cut": r"unexpected end of file",
    "oa-db-01:backup-flipped": r"crc error|invalid compressed data",
    "oa-app-01:backup-cut": r"Unexpected EOF|unexpected end of file",
    "oa-app-01:backup-flipped": r"crc error|invalid compressed data",
    "oa-cache-01:backup-cut": r"Unexpected EOF|exit 1",
    "oa-cache-01:backup-flipped": r"checksum|exit 1",
    "archive-db-01:backup-cut": r"could not read|end of file",
    "archive-db-01:backup-flipped": r"could not uncompress|incorrect data",
    "oa-db-01:backup-misfit": r"FAILED",
    "oa-db-01:backup-unreadable": r"Permission denied",
    "oa-app-01:backup-folder-closed": r"can't cd",
}


@pytest.mark.parametrize("target", SOUND)
def test_the_newest_copy_is_sound(inspector: Look, target: str) -> None:
    host, script, shown = SOUND[target]
    said = inspector(host, script)
    assert re.search(shown, said, re.MULTILINE), said
    assert said.endswith("exit 0")


@pytest.mark.parametrize("name", BROKEN)
def test_what_made_a_copy_sees_that_it_is_broken(inspector: Look, whole: HostEstate, name: str) -> None:
    fault = whole.fault(name)
    assert fault.faults == (name,)
    target = next(one.caught_by[0][0] for one in BACKUP_FAULTS if one.name == name)
    host, script, _ = SOUND[target]
    assert re.search(BROKEN[name], inspector(host, script))


def test_a_dump_without_its_end_is_a_sound_gzip(inspector: Look, whole: HostEstate) -> None:
    whole.fault("mobile-db-01:backup-cut")
    said = inspector(*SOUND["mobile.db"][:2])
    assert "dump complete" not in said
    assert said.endswith("exit 0")


def _restic(estate: HostEstate, words: str) -> str:
    word = (estate.secrets_dir / RESTIC).read_text()
    return f"RESTIC_PASSWORD={word} restic -r /srv/restic --no-lock --no-cache {words}"


def _borg(estate: HostEstate, words: str) -> str:
    word = (estate.secrets_dir / BORG).read_text()
    return f"export BORG_PASSPHRASE={word} BORG_BASE_DIR=/tmp/look.borg\nborg --bypass-lock {words}"


def test_the_restic_repository(inspector: Look, whole: HostEstate) -> None:
    """Given three snapshots, then they are sound, and a flipped bit is found by reading the data."""
    assert inspector("archive-app-01", _restic(whole, "snapshots --json") + " | grep -o short_id | wc -l").startswith(
        "3\n"
    )
    assert inspector("archive-app-01", _restic(whole, "check --read-data")).endswith("exit 0")
    whole.fault("archive-app-01:backup-flipped")
    assert inspector("archive-app-01", _restic(whole, "check --read-data")).endswith("exit 1")


def test_the_borg_repository(inspector: Look, whole: HostEstate) -> None:
    """Given three archives, then they are sound, and a flipped bit is found."""
    listed = inspector("mobile-gw-01", _borg(whole, "list --short /srv/borg"))
    assert listed.count("gateway-") == 3, listed
    assert inspector("mobile-gw-01", _borg(whole, "check /srv/borg")).endswith("exit 0")
    whole.fault("mobile-gw-01:backup-flipped")
    assert inspector("mobile-gw-01", _borg(whole, "check /srv/borg")).endswith("exit 1")


@pytest.mark.parametrize("host", ["archive-app-01", "mobile-gw-01"])
def test_a_repositorys_password_is_not_left_on_its_host(whole: HostEstate, host: str) -> None:
    word = (whole.secrets_dir / (RESTIC if host == "archive-app-01" else BORG)).read_text()
    found = whole.console(
        host, f"grep -rlF -e '{word}' /etc /home /opt /root /run /srv /tmp /usr/local /var 2>/dev/null"
    )
    assert found == (1, "")


def test_copies_of_seven_nights(whole: HostEstate, contract: Contract) -> None:
    """Then they are a day apart, differ, hardly differ in size, and nobody but root and the inspector reads them."""
    for placed in contract.all_backups():
        if placed.backup.kind.repository:
            continue
        host, folder = placed.backup.at.host or "", placed.backup.at.folder
        lines = whole.console(
            host, f"cd {folder}; ls -t {placed.backup.pattern} | xargs stat -c '%Y %s %a %U'; "
            f"sha256sum {placed.backup.pattern} | cut -c1-64 | sort -u | wc -l; date +%s; stat -c %a {folder}"
        )[1].split("\n")  # fmt: skip
        copies = [line.split() for line in lines[:7]]
        times, sizes = [int(copy[0]) for copy in copies], [int(copy[1]) for copy in copies]
        assert lines[7] == "7", placed.target
        assert {first - second for first, second in pairwise(times)} == {86400}
        assert 5.9 < (int(lines[8]) - times[0]) / 3600 < 6.5
        assert max(sizes) < 1.4 * min(sizes), (placed.target, sizes)
        assert {copy[2] for copy in copies} == {"640"}
        assert lines[9] == "750"


@pytest.mark.parametrize(
    ("host", "script"),
    [
        ("oa-db-01", "mariadb --defaults-file=/etc/xunjian/count.cnf -NB app -e 'select count(*) from notice'"),
        ("mobile-db-01", "psql -d app -XAtqw -c 'select count(*) from notice'"),
        ("archive-db-01", "psql -U xunjian -d app -XAtqw -c 'select count(*) from notice'"),
    ],
)
def test_the_inspector_may_count_the_source(inspector: Look, host: str, script: str) -> None:
    assert inspector(host, script) == "47\nexit 0"


def test_the_monitoring_account_still_has_no_right_to_data(inspector: Look) -> None:
    said = inspector("oa-db-01", "mariadb --defaults-file=/etc/xunjian/my.cnf -NB app -e 'select * from notice'")
    assert "denied" in said


def test_each_fault_changes_something_and_puts_it_back(whole: HostEstate) -> None:
    for fault in BACKUP_FAULTS:
        before = whole.console(fault.host, LISTED)
        assert whole.fault(fault.name).faults == (fault.name,)
        assert whole.console(fault.host, LISTED) != before, fault.name
        assert whole.clear(fault.name).faults == ()
        assert whole.console(fault.host, LISTED) == before, fault.name


def test_the_faults_leave_the_databases_alone(whole: HostEstate) -> None:
    look = {
        "oa-db-01": "mariadb --no-defaults -S /run/mysqld/mysqld.sock -u root -NB -e 'show databases; "
        "checksum table app.notice, app.document, app.attachment; select @@gtid_binlog_pos'",
        "mobile-db-01": "$AS_POSTGRES psql -XAtqw -h /run/postgresql -U postgres -d app "
        "-c 'select datname from pg_database' -c 'table document' -c 'table attachment' -c 'table notice'",
    }
    for host, script in look.items():
        before = whole.console(host, script)
        assert before[0] == 0, before[1]
        for fault in BACKUP_FAULTS:
            if fault.name.startswith(f"{host}:data-"):
                whole.fault(fault.name)
                whole.clear(fault.name)
        assert whole.console(host, script) == before


def test_a_second_fault_of_the_same_folder_is_refused(whole: HostEstate) -> None:
    from rehearsal.errors import RehearsalError

    before = whole.console("oa-db-01", LISTED)
    whole.fault("oa-db-01:backup-late")
    with pytest.raises(RehearsalError, match="another fault is on"):
        whole.fault("oa-db-01:backup-missing")
    assert whole.clear().faults == ()
    assert whole.console("oa-db-01", LISTED) == before


def test_registry(contract: Contract) -> None:
    """Then each fault names backups of the sample contract, on the host where one of them lies."""
    names = [fault.name for fault in ALL_FAULTS]
    assert len(names) == len(set(names))
    caught = {item for fault in BACKUP_FAULTS for _, item, _ in fault.caught_by}
    assert caught >= {f"BK{n:02}" for n in range(1, 11)} | {f"RS{n:02}" for n in range(1, 7)}
    for fault in BACKUP_FAULTS:
        for target, item, state in fault.caught_by:
            placed = contract.backup(target)
            assert fault.host in placed.backup.hosts()
            assert item[:2] in ("BK", "RS")
            assert state in ("WARN", "CRIT", "UNKNOWN")
            assert item[:2] != "RS" or placed.backup.restore
