"""Twelve practice hosts behind a bastion: real OpenSSH servers and daemons, each host in namespaces of its own."""
