from ssh_audit.ssh2_kexdb import SSH2_KexDB  # type: ignore[import-untyped]

from checks.ssh_algorithms import ageing, broken

# ssh-audit has opinions: NIST's curves and every Chinese or Russian algorithm are failures to it, and what nobody else
# has examined. HMAC with SHA-1 stands (RFC 6194, 3.3).
NOT_OURS = ("backdoored", "unproven", "experimental", "unknown", "developed in secret", "SEED", "Serpent", "small ECC")
STANDING = {"hmac-sha1", "hmac-sha1-etm@openssh.com"}
MODERN = [
    "curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
    "sntrup761x25519-sha512@openssh.com", "ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256", "aes128-ctr",
    "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "hmac-sha2-256", "hmac-sha2-512-etm@openssh.com",
    "umac-128-etm@openssh.com", "kex-strict-s-v00@openssh.com",
]  # fmt: skip


def test_what_ssh_audit_fails_is_weak_here_too() -> None:
    for names in SSH2_KexDB.get_db().values():
        failed = {
            name
            for name, (_, *said) in names.items()
            if said and any(why and not any(mine in str(why) for mine in NOT_OURS) for why in said[0])
        }
        assert failed
        assert failed - STANDING <= {*broken(names), *ageing(names)}


def test_what_is_in_use_today_is_not_weak() -> None:
    assert broken(MODERN) == []
    assert ageing(MODERN) == []


def test_the_two_kinds() -> None:
    assert broken(["aes128-cbc", "ssh-dss", "hmac-md5", "ssh-rsa"]) == ["aes128-cbc", "ssh-dss", "hmac-md5"]
    assert ageing(["ssh-rsa", "diffie-hellman-group14-sha1", "aes128-cbc"]) == [
        "ssh-rsa",
        "diffie-hellman-group14-sha1",
    ]
