"""Keys and passwords of the hosts: made once, kept over restarts; and the known_hosts lines that vouch for them."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rehearsal.hosts.roster import BASTION, HOSTS, bastion_port

KEY, PASSPHRASE, JUMP_PASSWORD = "inspector.key", "inspector.passphrase", "bastion.password"
RESTRICTED_KEY = "inspector-restricted.key"
RESTIC, BORG = "restic.password", "borg.password"


def ensure_host_secrets(folder: Path) -> None:
    """The inspector's key with its passphrase, the key for forced commands, passwords of bastion and repositories."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not (folder / PASSPHRASE).exists() or not (folder / KEY).exists():
        (folder / KEY).unlink(missing_ok=True)  # nothing opens it any more
        write_private(folder / PASSPHRASE, secrets.token_urlsafe(18).encode())
    _ensure_key(folder / KEY, (folder / PASSPHRASE).read_bytes().strip())
    _ensure_key(folder / RESTRICTED_KEY)
    for name in (JUMP_PASSWORD, RESTIC, BORG):
        if not (folder / name).exists():
            write_private(folder / name, secrets.token_urlsafe(18).encode())


def ensure_host_keys(folder: Path) -> dict[str, str]:
    """A host key for the bastion and each host, as NAME; NAME.other is what a host shows whose key has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    names = [BASTION, *(host.name for host in HOSTS)]
    for name in names:
        _ensure_key(folder / name)
        _ensure_key(folder / f"{name}.other")
    return {name: public_line(folder / name) for name in names}


def public_line(private: Path) -> str:
    """The public half, as authorized_keys and known_hosts have it."""
    return private.with_name(private.name + ".pub").read_text(encoding="ascii").strip()


def publish_known_hosts(path: Path, keys: dict[str, str], base_port: int) -> None:
    """Put our hosts' lines into the file; lines about others stay as they are."""
    names = {BASTION: [f"[127.0.0.1]:{bastion_port(base_port)}", BASTION]}
    names |= {host.name: [host.address, host.name] for host in HOSTS}
    ours = {name for both in names.values() for name in both}
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    foreign = [line for line in before if line.startswith("#") or not ours & set(line.partition(" ")[0].split(","))]
    lines = foreign + [f"{','.join(both)} {keys[name]}" for name, both in names.items()]
    if lines == before:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(path)


def _ensure_key(path: Path, passphrase: bytes = b"") -> None:
    public = path.with_name(path.name + ".pub")
    if path.exists() and public.exists():
        return
    key = Ed25519PrivateKey.generate()
    lock = form.BestAvailableEncryption(passphrase) if passphrase else form.NoEncryption()
    write_private(path, key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, lock))
    write_private(public, key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH) + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner may read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
