"""SSH, through paramiko: this package is the only importer of paramiko.

One shell script goes to a host over one connection and one channel, and its output comes back; or its files are read.
"""

from tasks.ssh.errors import Deadline, SshConfigError, SshError
from tasks.ssh.keys import Login
from tasks.ssh.known_hosts import Standing
from tasks.ssh.network import Network
from tasks.ssh.pipe import Pipe
from tasks.ssh.sftp import Entry, Sftp
from tasks.ssh.talk import Exchange
from tasks.ssh.trust import Offer, remember

__all__ = [
    "Deadline", "Entry", "Exchange", "Login", "Network", "Offer", "Pipe", "Sftp", "SshConfigError", "SshError",
    "Standing", "remember",
]  # fmt: skip
