"""Which items are due on a host, and with which parameters."""

from typing import Any

import pytest
from pydantic import ValidationError

from checks.host import HostGroup, mistakes


def group(**more: Any) -> HostGroup:
    return HostGroup.model_validate({"system": "oa", "hosts": [{"name": "oa-db-01"}], **more})


def params(made: HostGroup, item: str) -> Any:
    return next(one.params for one in made.planned(made.hosts[0]) if one.check.id == item)


def items(made: HostGroup) -> set[str]:
    return {one.check.id for one in made.planned(made.hosts[0])}


def test_every_item_of_the_operating_system_is_due_by_itself() -> None:
    due = items(group())
    assert {f"OS{number:02}" for number in range(1, 27)} - due == {"OS24", "OS25"}  # nothing to look at is named
    assert not {item for item in due if not item.startswith("OS")}


def test_backups_and_certificates_are_due_where_they_are_named() -> None:
    checks = {"OS24": {"folders": [{"path": "/var/backups"}]}, "OS25": {"files": ["/etc/ssl/a.pem"]}}
    assert {"OS24", "OS25"} <= items(group(checks=checks))


def test_a_service_is_due_where_the_contract_names_it() -> None:
    # Given
    made = group(hosts=[{"name": "a", "services": {"mysql": {}}}])
    # Then
    assert {"MY1", "MY2", "MY3", "MY4"} <= items(made)
    assert "PG1" not in items(made)


def test_the_host_goes_before_its_group_and_the_group_before_the_default() -> None:
    # Given
    host = {"name": "a", "checks": {"OS04": {"crit": 97}}, "services": {"mysql": {"replica": True}}}
    made = group(checks={"OS04": {"warn": 70}}, services={"mysql": {"defaults_file": "/x.cnf"}}, hosts=[host])
    # Then
    assert (params(made, "OS04").warn, params(made, "OS04").crit) == (70, 97)
    assert (params(made, "MY1").defaults_file, params(made, "MY1").replica) == ("/x.cnf", True)
    assert params(made, "OS06").warn == 80


def test_parameters_that_only_together_are_wrong_are_a_mistake() -> None:
    # Given: the group warns at 95, and the host is critical at 90
    made = group(checks={"OS04": {"warn": 89}}, hosts=[{"name": "a"}, {"name": "b", "checks": {"OS04": {"crit": 85}}}])
    # Then
    [(index, what)] = mistakes(made)
    assert (index, "OS04" in what, "warn < crit" in what) == (1, True, True)


def test_what_does_not_apply_is_left_out_with_its_reason() -> None:
    # Given
    made = group(checks={"OS20": {"not_applicable": "本机不跑定时任务"}})
    # Then
    assert "OS20" not in items(made)
    assert made.not_applicable(made.hosts[0]) == {"OS20": "本机不跑定时任务"}


@pytest.mark.parametrize(
    "more",
    [
        {"checks": {"OS99": {}}},
        {"checks": {"OS08": {"warm": 80}}},
        {"services": {"mysq": {}}},
        {"access": {"key": "-----BEGIN OPENSSH PRIVATE KEY-----"}},
        {"access": {"password": "Quiet River 41"}},
        {"hosts": [{"name": "$(id)"}]},
        {"hosts": []},
        {"deadline": 0},
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        group(**more)


def test_the_host_s_own_way_to_log_in_goes_before_the_groups() -> None:
    # Given
    made = group(access={"key": "k"}, hosts=[{"name": "a"}, {"name": "b", "access": {"password": "p"}}])
    # Then
    assert [made.access_of(host).secret_names() for host in made.hosts] == [["k"], ["p"]]
