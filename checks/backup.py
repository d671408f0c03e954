"""The backups of a contract: one file of `backups/` for those of one system. Clauses 一(6), 七2(4): no data lost.

Each backup says where its copies lie, what they are, how often one is due, and what a restore drill is to prove.
"""

from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import Field, HttpUrl, model_validator

from checks.host import NAME
from checks.journey import ID, SECRET_NAME, Strict


class Kind(StrEnum):
    """What one copy is. How it is compressed (gzip, bzip2, xz, zstd) its first bytes tell."""

    FILES = "files"  # the folder itself is the copy: a mirror made by rsync
    ARCHIVE = "archive"  # tar or zip
    COMPRESSED = "compressed"  # one compressed file, whatever is in it
    MYSQLDUMP = "mysqldump"  # mysqldump, mariadb-dump
    PG_PLAIN = "pg-plain"  # pg_dump, as SQL
    PG_CUSTOM = "pg-custom"  # pg_dump -Fc
    PHYSICAL = "physical"  # pg_basebackup or mariabackup, as tar
    REDIS = "redis-rdb"
    RESTIC = "restic"  # a repository
    BORG = "borg"  # a repository
    VENDOR = "vendor"  # Oracle, 达梦 …: judged as a file only

    @property
    def repository(self) -> bool:
        """Its copies are within a repository, which only its own program can read."""
        return self in (Kind.RESTIC, Kind.BORG)

    @property
    def engine(self) -> str:
        """Into what it can be restored: `postgresql`, `mariadb`, `redis`, `folder`; "" where a drill cannot."""
        return _ENGINES.get(self, "")


_ENGINES = {
    Kind.MYSQLDUMP: "mariadb", Kind.PG_PLAIN: "postgresql", Kind.PG_CUSTOM: "postgresql", Kind.REDIS: "redis",
    Kind.FILES: "folder", Kind.ARCHIVE: "folder", Kind.RESTIC: "folder", Kind.BORG: "folder",
}  # fmt: skip


class Place(Strict):
    """Where copies lie: on a host of the contract (over SFTP), in a bucket, or in a folder of this machine."""

    folder: str = Field(min_length=1, pattern=r"^[^\r\n]+$", title="目录", description="存储桶里的写前缀")
    host: str | None = Field(None, pattern=NAME, title="主机", description="合同里的主机；不写就是本机（已挂载的目录）")
    bucket: str = Field("", title="存储桶", description="S3 兼容的对象存储")
    endpoint: HttpUrl | None = Field(None, title="对象存储的网址")
    key: str | None = Field(None, pattern=SECRET_NAME, title="访问密钥编号", description="口令名")
    secret: str | None = Field(None, pattern=SECRET_NAME, title="访问密钥", description="口令名")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.host and self.bucket:
            raise ValueError("host 和 bucket 只能写一个")
        if self.bucket and not (self.endpoint and self.key and self.secret):
            raise ValueError("写了 bucket 就要写 endpoint、key 和 secret（后两个是口令名）")
        if (self.endpoint or self.key or self.secret) and not self.bucket:
            raise ValueError("endpoint、key、secret 只和 bucket 一起写")
        if not self.bucket and not self.folder.startswith("/"):
            raise ValueError("目录要从 / 写起")
        return self

    def __str__(self) -> str:
        """As it is named in tables."""
        return f"{self.host or self.bucket or '本机'}:{self.folder}"


class SizeLimits(Strict):
    """A copy's size beside those before it. A factor of 3.5: Iglewicz and Hoaglin (1993), on median and MAD."""

    tolerance: float = Field(30, gt=0, lt=100, title="偏离中位数（%）以内不算异常")
    shrunk: float = Field(55, gt=0, le=100, title="小到中位数的（%）及以下为严重")


class Offsite(Strict):
    """The copy that is kept elsewhere."""

    at: Place = Field(title="位置")
    pattern: str = Field("", title="文件名", description="不写就与本地的相同")
    max_age_hours: float = Field(50, gt=0, title="最久间隔（小时）")


class Assertion(Strict):
    """What must be true of the restored data. The answer is one value; it is not kept, only whether it was right."""

    title: str = Field(min_length=1, title="名称")
    sql: str = Field(min_length=1, title="语句", description="只返回一个值")
    expect: str = Field(title="期望的值")


class Source(Strict):
    """The server from which the backup comes, to count beside; only counted, and only where the client agreed."""

    host: str = Field(pattern=NAME, title="主机")
    defaults_file: str = Field("", title="MySQL 登录文件", description="该主机上的文件，如 /etc/xunjian/my.cnf")
    user: str = Field("", title="数据库账号", description="PostgreSQL；不写就用登录主机的账号")
    port: int = Field(0, ge=0, le=65535, title="端口", description="0 就是默认的")
    database: str = Field("", title="库名", description="不写就用备份的 database")


class Restore(Strict):
    """The restore drill of one backup, once a month."""

    source: Source | None = Field(None, title="源库", description="不写就只与上一次演练相比")
    newest: str = Field("", title="最新业务时间", description="SQL，返回最新一笔业务的时间，由此得出真实的恢复点")
    rpo_hours: float = Field(26, gt=0, title="恢复点最久（小时）", description="最新业务时间离备份时刻")
    rto_minutes: float = Field(240, gt=0, title="恢复用时上限（分钟）")
    rows_less: float = Field(10, ge=0, lt=100, title="比源库或上次少（%）以内不算丢失")
    assertions: list[Assertion] = Field([], title="断言")
    sample: int = Field(20, ge=1, le=1000, title="抽样核对的文件数")
    space_mb: int = Field(2048, ge=16, title="暂存空间（MB）", description="在内存里，演练结束即消失")


class Backup(Strict):
    """One backup: copies of one kind in one place."""

    id: str = Field(pattern=ID, title="编号")
    title: str = Field(min_length=1, title="名称")
    kind: Kind = Field(title="种类")
    at: Place = Field(title="位置")
    pattern: str = Field(
        "*", min_length=1, pattern=r"^[^/\r\n]+$", title="文件名", description="例如 app-*.sql.gz；只能配到这一种备份"
    )
    every_hours: float = Field(24, gt=0, title="多久一份（小时）")
    rpo_hours: float = Field(26, gt=0, title="最久间隔（小时）", description="超过就可能丢数据；每日备份留两小时余地")
    keep: int = Field(2, ge=1, title="至少保留几份")
    database: str = Field("", title="库名", description="备份里应有的数据库")
    mode: str = Field("640", pattern=r"^[0-7]{3}$", title="权限上限", description="八进制，如 640")
    checksum: bool = Field(False, title="要有校验文件", description="同名加 .sha256、.sha512、.sm3 或 .md5；有就核对")
    sizes: SizeLimits = Field(SizeLimits(), title="大小")
    ends_only: bool = Field(False, title="只读头尾", description="太大的备份：不读全文，中间的损坏就发现不了")
    sampled: float = Field(5, gt=0, le=100, title="抽读（%）", description="restic、borg 仓库每次抽读的数据")
    password: str | None = Field(None, pattern=SECRET_NAME, title="仓库口令", description="restic、borg 的口令名")
    offsite: Offsite | None = Field(None, title="异地副本")
    deadline: float = Field(3600, ge=5, title="时限（秒）", description="检查一份备份最长多久")
    restore: Restore | None = Field(None, title="恢复演练")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind.repository != bool(self.password):
            raise ValueError("restic、borg 仓库要写 password（口令名），其他种类不写")
        if self.restore and not self.kind.engine:
            raise ValueError(f"{self.kind} 不能自动演练恢复；删去 restore，用登记的办法记人工演练")
        source = self.restore.source if self.restore else None
        if source and self.kind.engine not in ("postgresql", "mariadb"):
            raise ValueError(f"{self.kind} 不与源库比；删去 restore.source")
        if source and not (source.database or self.database):
            raise ValueError("restore.source 要写 database：在源库的哪个库里数行数")
        if self.kind is Kind.MYSQLDUMP and source and not source.defaults_file:
            raise ValueError("restore.source 要写 defaults_file：源库主机上的登录文件")
        return self

    @property
    def permitted(self) -> int:
        """The bits that a copy's mode may have."""
        return int(self.mode, 8)

    def secret_names(self) -> list[str]:
        """The secrets that reaching and reading it needs, by name; those of hosts are the hosts' own."""
        places = [self.at, *([self.offsite.at] if self.offsite else [])]
        found = [name for place in places for name in (place.key, place.secret)]
        return [name for name in dict.fromkeys([*found, self.password]) if name]

    def hosts(self) -> list[str]:
        """The hosts that it takes to look at it."""
        found = [self.at.host, self.offsite.at.host if self.offsite else ""]
        found.append(self.restore.source.host if self.restore and self.restore.source else "")
        return [host for host in dict.fromkeys(found) if host]


class BackupGroup(Strict):
    """The backups of one system."""

    system: str = Field(pattern=NAME, title="系统编号")
    backups: list[Backup] = Field(min_length=1, title="备份")


class PlacedBackup(NamedTuple):
    """A backup and the system it belongs to."""

    system: str
    backup: Backup

    @property
    def target(self) -> str:
        """Under which name it stands in the ledger: `oa.db`; a slot's id has slashes of its own."""
        return f"{self.system}.{self.backup.id}"
