"""On-host probes over real sshds: vulnerable is CRIT, mended OK, broken again CRIT; what cannot be read is UNKNOWN."""

import base64
import io
import zipfile
from collections.abc import Callable, Iterator

import pytest
from on_host import looked

from checks.finding import Finding, Reason, State
from flows.office import Office
from rehearsal.hosts.broken_probes import PROBE_FAULTS, PROBE_PARAMS, bundled, log4j
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.fault import HostFault
from tasks.settings import Settings
from tasks.ssh import Network

BUSYBOX = "mobile-app-01"


@pytest.fixture
def network(host_settings: Settings, hosts: HostEstate) -> Iterator[Network]:
    with Office(host_settings).network() as network:
        yield network


def put(hosts: HostEstate, host: str, path: str, content: bytes) -> None:
    text = base64.b64encode(content).decode()
    folder = path.rpartition("/")[0]
    assert hosts.console(host, f"mkdir -p '{folder}'; echo {text} | base64 -d >'{path}'") == (0, "")


@pytest.mark.parametrize("fault", PROBE_FAULTS, ids=lambda fault: fault.name)
def test_vulnerable_mended_and_broken_again(hosts: HostEstate, network: Network, fault: HostFault) -> None:
    [(host, probe, state)] = fault.caught_by
    # When
    seen = []
    for turn in (hosts.fault, hosts.clear, hosts.fault, hosts.clear):
        turn(fault.name)
        seen.append(looked(network, host, probe, **PROBE_PARAMS[fault.name]))
    # Then
    assert [one.state for one in seen] == [state, State.OK, state, State.OK], [one.summary for one in seen]
    assert all("practice-secret" not in one.summary and "应" in one.summary for one in seen)


def test_what_only_root_may_read_is_unknown_to_others(hosts: HostEstate, network: Network) -> None:
    # Given
    closed = (
        "mkdir -p /opt/closed/conf; echo a=1 >/opt/closed/conf/a.properties; chmod 700 /opt/closed /opt/closed/conf"
    )
    hosts.console("oa-app-01", f"{closed}; chown -R root /opt/closed; chmod 600 /etc/shadow; chown root /etc/shadow")
    hosts.fault("oa-app-01:weak-password-policy")
    file = "/opt/closed/conf/a.properties"
    try:
        found = [
            looked(network, "oa-app-01", "sshd-option", sudo=False),
            looked(network, "oa-app-01", "file-mode", sudo=False, path=file),
            looked(network, "oa-app-01", "config-setting", sudo=False, path=file, key="a", expected="1"),
            looked(network, "oa-app-01", "account-policy", sudo=False, parts="ageing"),
            looked(network, "oa-cache-01", "redis-config", sudo=False),
        ]
        jars = looked(network, "oa-app-01", "jar-inventory", folders="/opt/closed")
    finally:
        hosts.console("oa-app-01", "rm -r /opt/closed; chmod 640 /etc/shadow")
    # Then
    assert {(one.state, one.reason) for one in found} == {(State.UNKNOWN, Reason.PERMISSION)}, found
    assert (jars.state, jars.reason) == (State.UNKNOWN, Reason.INCOMPLETE)
    assert "/opt/closed" in jars.summary


def test_what_is_not_there_is_unknown(network: Network) -> None:
    found = [
        looked(network, "oa-app-02", "package-version", package="openssl", fixed="3.0.1-1"),
        looked(network, "oa-app-02", "config-setting"),
        looked(network, "oa-app-02", "file-mode", path="/opt/none"),
        looked(network, "oa-app-02", "redis-config"),
        looked(network, "oa-app-02", "account-policy"),
        looked(network, "oa-app-02", "jar-inventory", folders="/opt/none"),
        looked(network, "oa-app-02", "jar-inventory", folders="/var/spool"),
        looked(network, "oa-app-02", "sshd-option", option="NoSuchOption"),
    ]
    assert {one.state for one in found} == {State.UNKNOWN}, found
    assert Reason.BUG not in {one.reason for one in found}


def test_a_host_that_has_busybox_only(hosts: HostEstate, network: Network) -> None:
    # Given
    put(hosts, BUSYBOX, "/opt/app/portal.zip", bundled(log4j("2.14.1")))
    put(hosts, BUSYBOX, "/opt/app/application.yml", b"nacos:\n  core:\n    auth:\n      enabled: true # yes\n")
    # Then
    assert looked(network, BUSYBOX, "jar-inventory").state is State.CRIT
    assert looked(network, BUSYBOX, "file-mode", path="/opt/app", mode="755").state is State.OK
    yaml = {"path": "/opt/app/application.yml", "key": "nacos.core.auth.enabled"}
    assert looked(network, BUSYBOX, "config-setting", **yaml).state is State.OK
    assert looked(network, BUSYBOX, "config-setting", **yaml, expected="false").state is State.CRIT
    assert looked(network, BUSYBOX, "service-disabled", unit="telnetd").state is State.OK
    hosts.console(BUSYBOX, "rm -r /opt/app/*")


def test_a_back_ported_package_is_not_called_vulnerable(hosts: HostEstate, network: Network) -> None:
    """Given a package older than upstream's fix, whose changelog names the CVE, then it is sound; by its number alone,
    or with another CVE, it is not."""
    hosts.fault("oa-app-01:old-openssl")
    doc = "/usr/share/doc/openssl"
    log = r"openssl (3.0.11-1~deb12u2) bookworm-security; urgency=medium\n\n  * CVE-2023-56789: taken from upstream\n"
    made = f"mkdir /run/practice/doc && printf '{log}' | gzip >/run/practice/doc/changelog.Debian.gz"
    assert hosts.console("oa-app-01", f"{made} && mount --bind /run/practice/doc {doc}")[0] == 0
    try:
        states = [
            looked(network, "oa-app-01", "package-version", package="openssl", fixed="3.0.13", cve=cve).state
            for cve in ("CVE-2023-56789", "CVE-2023-5678", "")
        ]
    finally:
        hosts.console("oa-app-01", f"umount -l {doc}; rm -r /run/practice/doc")
    assert states == [State.OK, State.CRIT, State.CRIT]


def packed(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


class TestJars:
    """Given a folder /opt/many on a host, with this in it."""

    HOST = "oa-app-02"

    @pytest.fixture
    def found(self, hosts: HostEstate, network: Network) -> Iterator[Callable[..., Finding]]:
        def look(files: dict[str, bytes], more: str = ":", **params: str) -> Finding:
            for name, content in files.items():
                put(hosts, self.HOST, f"/opt/many/{name}", content)
            assert hosts.console(self.HOST, f"cd /opt/many; {more}") == (0, "")
            return looked(network, self.HOST, "jar-inventory", folders="/opt/many", **params)

        hosts.console(self.HOST, "rm -rf /opt/many; mkdir /opt/many")
        yield look
        hosts.console(self.HOST, "rm -rf /opt/many")

    @pytest.mark.parametrize(
        ("version", "state"),
        [("2.17.1", "OK"), ("2.25.3", "OK"), ("2.12.4", "OK"), ("2.3.2", "OK"), ("2.12.3", "CRIT"), ("2.17.0", "CRIT"),
         ("2.4.1", "CRIT"), ("2.0-beta9", "CRIT")],
    )  # fmt: skip
    def test_versions(self, found: Callable[..., Finding], version: str, state: str) -> None:
        assert found({"lib/log4j-core.jar": log4j(version)}).state == state

    def test_its_class_removed_is_a_mitigation(self, found: Callable[..., Finding]) -> None:
        seen = found({"lib/a.jar": log4j("2.14.1", lookup=False)})
        assert (seen.state, "只是缓解" in seen.summary) == (State.WARN, True)

    def test_packed_into_another_jar_under_another_package(self, found: Callable[..., Finding]) -> None:
        shaded = "com/example/shaded/org/apache/logging/log4j/core"
        maven = "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties"
        app = {f"{shaded}/Logger.class": b"x", f"{shaded}/lookup/JndiLookup.class": b"x"}
        assert found({"app.jar": packed(app | {maven: b"version=2.14.1\n"})}).state is State.CRIT
        unknown = found({"app.jar": packed(app)})
        assert (unknown.state, "看不出版本" in unknown.summary) == (State.UNKNOWN, True)
        assert found({"app.jar": packed({"com/example/App.class": b"x"})}).state is State.OK

    def test_classes_unpacked_into_a_folder(self, found: Callable[..., Finding]) -> None:
        seen = found({"WEB-INF/classes/org/apache/logging/log4j/core/Logger.class": b"x"})
        assert (seen.state, seen.reason) == (State.UNKNOWN, Reason.UNSUPPORTED)

    def test_others_by_manifest_and_by_name(self, found: Callable[..., Finding]) -> None:
        manifest = (
            "Manifest-Version: 1.0\r\nImplementation-Title: spring-be\r\n ans\r\nImplementation-Version: 5.3.17\r\n"
        )
        beans = {"org/springframework/beans/CachedIntrospectionResults.class": b"x"}
        files = {
            "b.jar": packed(beans | {"META-INF/MANIFEST.MF": manifest.encode()}),
            "fastjson-1.2.83.jar": packed({"com/alibaba/fastjson/JSON.class": b"x"}),
            "lib/shiro-core-1.7.1.jar": packed({"org/apache/shiro/mgt/DefaultSecurityManager.class": b"x"}),
        }
        assert found(files, library="spring").state is State.CRIT
        assert found(files, library="fastjson").state is State.OK
        assert found(files, library="fastjson", fixed="1.2.84").state is State.CRIT
        assert found(files, library="shiro").state is State.CRIT
        assert found(files).state is State.OK

    def test_links_are_followed_once(self, found: Callable[..., Finding]) -> None:
        files = {"real/log4j-core-2.14.1.jar": log4j("2.14.1"), "web/a.txt": b""}
        links = (
            "ln -s ../real web/lib; ln -s .. web/up; ln -s nowhere web/gone.d; mkdir x; mv real x; ln -s x/real real"
        )
        seen = found(files, links)
        assert (seen.state, "处" in seen.summary) == (State.CRIT, False)

    def test_what_cannot_be_read_is_not_sound(self, found: Callable[..., Finding]) -> None:
        """A damaged jar beside a sound one; and a vulnerable one is found all the same."""
        broken = {"a.jar": log4j("2.17.1"), "b.jar": log4j("2.17.1")[:-40]}
        assert found(broken).reason is Reason.INCOMPLETE
        assert found({"c.jar": log4j("2.14.1")}).state is State.CRIT
        assert (
            found({"c.jar": log4j("2.17.1")}, "rm b.jar; chmod 600 c.jar; chown root c.jar").reason is Reason.INCOMPLETE
        )

    def test_bombs_are_not_set_off(self, found: Callable[..., Finding]) -> None:
        bomb = packed({"big.jar": bytes(300 * 1024 * 1024)})
        deep = log4j("2.14.1")
        for _ in range(8):
            deep = packed({"next.jar": deep})
        claims = bytearray(log4j("2.17.1"))
        claims[-10:-6] = (2**31).to_bytes(4, "little")  # of the list of members, in the end record
        for content, why in ((bomb, "太大"), (deep, "层以上"), (bytes(claims), "成员太多")):
            seen = found({"a.zip": packed({"inner.zip": content})})
            assert (seen.state, seen.reason, why in seen.summary) == (State.UNKNOWN, Reason.INCOMPLETE, True)
