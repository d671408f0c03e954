"""Weaknesses for the retest; consoles, MongoDB and Elasticsearch among them are FAKES, see `consoles`, `daemons.stores`.

`caught_by`: (what the probe is turned on, its id, the verdict). Each touches one file, so that several may be on at once.
"""

from rehearsal.hosts.broken_services import TOMCAT_UP
from rehearsal.hosts.consoles import CONSOLES
from rehearsal.hosts.daemons import nginx, redis, stores
from rehearsal.hosts.fault import HostFault
from rehearsal.hosts.mirror import SHUT

_SSHD, _KEY = "/etc/ssh/sshd_config", "/etc/ssh/ssh_host_ed25519_key"


def _fault(name: str, title: str, verdict: str, on: str, off: str) -> HostFault:
    """`verdict`: target, probe and state; several are separated by commas."""
    caught = tuple(tuple(one.split()) for one in verdict.split(","))
    return HostFault(name, title, caught, on, off)  # type: ignore[arg-type]


def _nginx(name: str, title: str, verdict: str, part: str, text: str) -> HostFault:
    """Another text for one of nginx's parts."""
    file = f"{nginx.PARTS}/{part}.conf"
    return _fault(name, title, verdict, f"weaken {file} <<'EOF'\n{text}EOF\nagain nginx", f"mend {file}; again nginx")


def _certificate(name: str, title: str, verdict: str, kind: str) -> HostFault:
    on = f"weaken {nginx.PEM} <$L/{kind}.pem; weaken {nginx.KEY} <$L/{kind}.key; again nginx"
    return _fault(name, title, verdict, on, f"mend {nginx.PEM}; mend {nginx.KEY}; again nginx")


def _console(name: str, target: str, state: str = "CRIT") -> HostFault:
    title, locations = CONSOLES[name]
    file = f"{nginx.PARTS}/more/{name}.conf"
    on = f"mkdir -p {nginx.PARTS}/more\ncat >{file} <<'EOF'\n{locations}EOF\nagain nginx"
    verdict = f"https://archive-app-01{target} path-not-exposed {state}"
    return _fault(f"archive-app-01:{name}-open", title, verdict, on, f"rm -f {file}; again nginx")


def _sshd(name: str, title: str, verdict: str, line: str, more: str) -> HostFault:
    on = f"sed 's/^{line} .*/&,{more}/' {_SSHD} | weaken {_SSHD}"
    return _fault(name, title, verdict, on, f"mend {_SSHD}")


def _tomcat(name: str, title: str, verdict: str, file: str, change: str) -> HostFault:
    on = f"sed '{change}' {file} | weaken {file}\nstop tomcat; {TOMCAT_UP}"
    return _fault(name, title, verdict, on, f"mend {file}; stop tomcat; {TOMCAT_UP}")


def _store(name: str, title: str, port: int) -> HostFault:
    file = f"{stores.OPEN}{name}"
    verdict = f"archive-app-01:{port} {name}-login CRIT"
    return _fault(f"archive-app-01:{name}-open", title, verdict, f": >{file}", f"rm -f {file}")


# TLS 1.0 needs SHA-1 and MD5, which OpenSSL 3 gives at its level 0 only; suites without encryption too.
_LEVEL_0 = "ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0;\n"
_OLD = f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n{_LEVEL_0}"
