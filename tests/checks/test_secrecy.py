"""What may not be written is taken out of every text."""

import pytest

from checks.secrecy import MASK, Grade, Redactor

TITLE = "关于样本的函"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("没有什么", "没有什么"),
        (f"打开{TITLE}时出错", f"打开{MASK}时出错"),
        ("身份证 00000019000101000X。", f"身份证 {MASK}。"),
        ("身份证000000190001010001", f"身份证{MASK}"),
        ("电话13900000000转", f"电话{MASK}转"),
        ("编号 1390000000090123", "编号 1390000000090123"),  # neither one nor the other
        ("两\n行\t和\u202e控制\ud800符", "两 行 和 控制 符"),
        (f"关于样\u200b本的函 {TITLE}", f"关于样 本的函 {MASK}"),
        ("p@ss 第一行 p@ss第二行", f"{MASK} 第一行 {MASK}第二行"),
    ],
)
def test_clean(text: str, clean: str) -> None:
    # Given
    redactor = Redactor(["p@ss"])
    redactor.learn([TITLE, "无", "", " \n "])
    # Then
    assert redactor.clean(text) == clean
    redactor.clean(text).encode()


def test_each_line_counts_on_its_own_and_the_longest_goes_first() -> None:
    # Given
    redactor = Redactor()
    redactor.learn(["张三\n关于张三的函"])
    # Then
    assert redactor.clean("关于张三的函，张三 关于张三的函") == f"{MASK}，{MASK}"
    assert redactor.clean("看关于张三的函") == f"看{MASK}"
    assert redactor.clean("张三呢") == f"{MASK}呢"


def test_what_hides_control_characters_is_still_known() -> None:
    redactor = Redactor()
    redactor.learn(["关于\u200b样本"])
    assert MASK in redactor.clean("关于\u200b样本")


def test_a_line_has_an_end() -> None:
    assert len(Redactor().clean("长" * 1000)) == 200
    assert Redactor().clean("长" * 1000, limit=5) == "长长长长…"


def test_cut_after_cleaning() -> None:
    """A secret at the edge is not half shown."""
    redactor = Redactor(["geheim-word"])
    assert "geh" not in redactor.clean("x" * 195 + "geheim-word")


def test_grades() -> None:
    assert [grade.label for grade in Grade] == ["最小敏感性信息", "比较敏感的信息", "非常敏感的信息"]
