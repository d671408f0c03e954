"""As whom the hosts run: with root's rights, or with those of an ordinary user who is root of namespaces of his own."""

import os
from dataclasses import dataclass

from rehearsal.hosts import kernel

# Accounts of the hosts. For an ordinary user they are names only: but one user can be had, the invoking one.
ACCOUNTS = {"inspector": 2001, "mysql": 2011, "postgres": 2012, "redis": 2013, "tomcat": 2014, "www-data": 33}


@dataclass(frozen=True)
class Identity:
    """The invoking user."""

    uid: int
    gid: int

    @classmethod
    def mine(cls) -> "Identity":
        return cls(os.getuid(), os.getgid())

    @property
    def is_root(self) -> bool:
        return self.uid == 0

    def uid_of(self, account: str) -> int:
        return ACCOUNTS[account] if self.is_root else self.uid

    def gid_of(self, account: str) -> int:
        return ACCOUNTS[account] if self.is_root else self.gid

    def prefix(self, account: str) -> str:
        """The words before a command that make it run as the account."""
        if self.is_root:
            return f"setpriv --reuid={ACCOUNTS[account]} --regid={ACCOUNTS[account]} --clear-groups --"
        return f"unshare -U --map-user={self.uid} --map-group={self.gid} --"

    def give(self, path: str, account: str) -> None:
        """Hand a file over to an account; an ordinary user's files are all of one owner already."""
        if self.is_root:
            os.chown(path, ACCOUNTS[account], ACCOUNTS[account])

    def be_no_root(self) -> None:
        """For sshd: an ordinary user's namespace lets nobody change groups, so sshd must not start as its root."""
        if not self.is_root:
            kernel.unshare(kernel.NEW_USER)
            kernel.map_one(self.uid, self.gid)
