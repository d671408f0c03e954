"""SSH, through paramiko: this package is the only importer of paramiko.

One shell script goes to a host over one connection and one channel, and its output comes back.
"""

from tasks.ssh.errors import SshConfigError, SshError
from tasks.ssh.keys import Login
from tasks.ssh.known_hosts import Standing
from tasks.ssh.network import Network
from tasks.ssh.talk import Exchange
from tasks.ssh.trust import Offer, remember

__all__ = ["Exchange", "Login", "Network", "Offer", "SshConfigError", "SshError", "Standing", "remember"]
