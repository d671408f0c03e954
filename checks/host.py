"""The hosts of a contract: one file of `hosts/` for the hosts of one system, and which items are due on each.

Where a host is and how it is reached stands in the SSH configuration, not here.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field, ValidationError, create_model

from checks.host_check import AnyCheck, Planned, host_checks
from checks.host_script import Assembled, assembled
from checks.journey import SECRET_NAME, Strict

NAME = r"^[a-z][a-z0-9-]{0,39}$"


class Access(Strict):
    """How to log in by SSH. Everything is the name of a secret; nothing is tried that is not named."""

    key: str | None = Field(
        None, pattern=SECRET_NAME, title="私钥", description="私钥文件的口令名；也可在 ssh_config 写"
    )
    passphrase: str | None = Field(None, pattern=SECRET_NAME, title="私钥口令", description="口令名")
    password: str | None = Field(None, pattern=SECRET_NAME, title="登录口令", description="口令名；也用于键盘交互")
    agent: bool = Field(False, title="使用 ssh-agent")

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [name for name in (self.key, self.passphrase, self.password) if name]


if TYPE_CHECKING:

    class Checks(Strict): ...

    class Services(Strict): ...

else:
    Checks = create_model(
        "Checks",
        __base__=Strict,
        **{
            check.id: (check.params, Field(default_factory=check.params, title=check.title))
            for check in host_checks()
            if not check.service
        },
    )
    Services = create_model(
        "Services",
        __base__=Strict,
        **{
            check.service: (check.params | None, Field(None, title=check.service))
            for check in host_checks()
            if check.service
        },
    )


class Host(Strict):
    """One host. What it says goes before what its group says, field by field."""

    name: str = Field(pattern=NAME, title="主机名", description="与 ssh_config 里的 Host 相同")
    role: str = Field("", title="用途")
    access: Access | None = Field(None, title="登录")
    checks: Checks = Field(default_factory=Checks, title="检查项的参数")
    services: Services = Field(default_factory=Services, title="数据库与中间件")


class HostGroup(Strict):
    """The hosts of one system, and what they have in common."""

    system: str = Field(pattern=NAME, title="系统编号")
    access: Access = Field(Access(), title="登录")
    sudo: bool = Field(False, title="允许 sudo -n", description="需要 root 的项目以 sudo -n 读取；不允许则记未取得")
    deadline: float = Field(120, ge=5, le=3600, title="时限（秒）", description="一台主机从连接到回答完毕")
    checks: Checks = Field(default_factory=Checks, title="检查项的参数")
    services: Services = Field(default_factory=Services, title="数据库与中间件")
    hosts: list[Host] = Field(min_length=1, title="主机")

    def access_of(self, host: Host) -> Access:
        """The host's own way to log in, or the group's."""
        return host.access or self.access

    def planned(self, host: Host) -> tuple[Planned, ...]:
        """The items that are due on a host."""
        found = ((check, _params(self, host, check)) for check in host_checks())
        return tuple(
            Planned(check, params)
            for check, params in found
            if params is not None and not params.not_applicable and check.due(params)
        )

    def not_applicable(self, host: Host) -> dict[str, str]:
        """The items that the contract says do not apply to a host, with the reason."""
        found = ((check.id, _params(self, host, check)) for check in host_checks())
        return {item: params.not_applicable for item, params in found if params is not None and params.not_applicable}


class Placed(NamedTuple):
    """A host and the group it belongs to."""

    group: HostGroup
    host: Host

    @property
    def planned(self) -> tuple[Planned, ...]:
        """The items that are due."""
        return self.group.planned(self.host)

    @property
    def script(self) -> Assembled:
        """All that will run on the host."""
        return assembled(self.planned, sudo=self.group.sudo)


def mistakes(group: HostGroup) -> list[tuple[int, str]]:
    """What is wrong only when a host's parameters are laid over its group's: the host's index, and what."""
    found = []
    for index, host in enumerate(group.hosts):
        for check in host_checks():
            try:
                _params(group, host, check)
            except ValidationError as error:
                found += [(index, f"{check.id} 与本组的参数合起来不对：{one['msg']}") for one in error.errors()]
    return found


def _params(group: HostGroup, host: Host, check: AnyCheck) -> Any:
    """What holds for an item on a host; None: a service that the host does not have."""
    written: dict[str, Any] = {}
    there = not check.service
    for owner in (group, host):
        section = owner.services if check.service else owner.checks
        name = check.service or check.id
        if name in section.model_fields_set and (params := getattr(section, name)) is not None:
            there = True
            written |= {field: getattr(params, field) for field in params.model_fields_set}
    return check.params(**written) if there else None
