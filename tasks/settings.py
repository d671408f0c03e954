"""Where things are on this machine. Every setting is an environment variable with the prefix XUNJIAN_."""

from functools import cached_property
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the machine, not of the contract.

    home: ledger, evidence, reports, secrets and Prefect's own files. contract: the contract folder.
    """

    model_config = SettingsConfigDict(env_prefix="XUNJIAN_", frozen=True)

    home: Path = Path("var")
    contract: Path = Path("contract")
    ledger_url: str = ""  # SQLAlchemy URL; empty: SQLite in `home`
    secrets: Path | None = None  # one file per secret
    evidence: Path | None = None
    evidence_key: str = "evidence.key"  # the secret that encrypts grade 3, by name
    reports: Path | None = None
    inbox: Path | None = None  # where documents that are handed in are put
    backup: Path | None = None  # where the ledger is backed up to: best another disk
    sm3: bool = False  # seal the ledger with SM3 beside SHA-256
    signing_key: str = ""  # secret that signs what is exported; empty: nothing is signed
    ca: Path | None = None  # *.pem: certification authorities of this network
    known_hosts: Path | None = None  # host keys that `xunjian trust` has put on record
    browser: Path | None = None  # Chromium's executable
    link: str = ""  # where readers of notifications open the UI, such as http://xunjian.example:4200
    port: int = 4200  # Prefect's server, on loopback

    @cached_property
    def root(self) -> Path:
        """`home`, absolute: workers start elsewhere."""
        return self.home.absolute()

    @cached_property
    def secrets_dir(self) -> Path:
        """One file per secret, mode 0600."""
        return (self.secrets or self.root / "secrets").absolute()

    @cached_property
    def evidence_dir(self) -> Path:
        """Screenshots and hosts' answers."""
        return (self.evidence or self.root / "evidence").absolute()

    @cached_property
    def reports_dir(self) -> Path:
        """Reports as files."""
        return (self.reports or self.root / "reports").absolute()

    @cached_property
    def inbox_dir(self) -> Path:
        """Documents that are handed in; those that were taken lie in `taken` in it."""
        return (self.inbox or self.root / "inbox").absolute()

    @cached_property
    def backup_dir(self) -> Path:
        """The ledger's backups, and evidence beside them."""
        return (self.backup or self.root / "backup").absolute()

    @cached_property
    def ca_dir(self) -> Path:
        """Certification authorities to trust beside the system's."""
        return (self.ca or self.root / "ca").absolute()

    @cached_property
    def known_hosts_file(self) -> Path:
        """Host keys, in OpenSSH's format."""
        return (self.known_hosts or self.root / "known_hosts").absolute()

    @cached_property
    def ledger(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_url or f"sqlite:///{self.root / 'ledger.db'}"
