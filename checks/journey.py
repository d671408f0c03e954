"""A journey: what a visitor does on the pages of one system, in Playwright's own words, as YAML.

A step is a mapping with one key, its kind: `goto`, `fill`, `click`, `select`, `press`, `expect`, `download`,
`popup`, `frame` or `dialog`. A locator is `role` (+ `name`), `label`, `text`, `placeholder`, `test_id` or `css`.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

_PASSWORD = re.compile(r"密码|口令|password|passwd|pwd", re.IGNORECASE)
ID = r"^[a-z][a-z0-9-]{0,39}$"
SECRET_NAME = r"^[a-z0-9][a-z0-9._-]*$"  # noqa: S105 - the shape of a name, not a secret


class Strict(BaseModel):
    """What an operator wrote: an unknown key is a mistake, not an extension."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Place(Strict):
    """Ways to find an element, Playwright's `get_by_…`; `css` is the last resort."""

    role: str | None = Field(None, title="角色", description="ARIA 角色，如 button、link、textbox")
    name: str | None = Field(None, title="名称", description="与 role 同用：按钮或链接上的字")
    label: str | None = Field(None, title="标签", description="输入框旁的标签文字")
    placeholder: str | None = Field(None, title="占位提示")
    test_id: str | None = Field(None, title="data-testid")
    css: str | None = Field(None, title="CSS 选择器")
    exact: bool = Field(False, title="完全一致")
    nth: int | None = Field(None, title="第几个", description="从 0 数起；-1 为最后一个")

    WAYS: ClassVar[tuple[str, ...]] = ("role", "label", "placeholder", "test_id", "css")

    @property
    def ways(self) -> list[str]:
        """The ways that were written."""
        return [way for way in self.WAYS if getattr(self, way) is not None]

    @model_validator(mode="after")
    def _name_goes_with_role(self) -> Self:
        if self.name is not None and self.role is None:
            raise ValueError("name 只能与 role 同用")
        return self

    def __str__(self) -> str:
        """Say it as an operator would: 「登录」."""
        return f"「{self.name or getattr(self, self.ways[0])}」" if self.ways else "页面"


class Locator(_Place):
    """Where on the page. Exactly one of role, label, text, placeholder, test_id, css."""

    text: str | None = Field(None, title="文字", description="页面上看得见的文字")

    WAYS: ClassVar[tuple[str, ...]] = (*_Place.WAYS, "text")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len(self.ways) != 1:
            raise ValueError(f"定位方式要恰好写一种（{'、'.join(self.WAYS)}），现在是 {len(self.ways)} 种")
        return self


class FillWhat(Locator):
    """What is typed, and where. A secret is given by name."""

    value: str | None = Field(None, title="填写的文字")
    secret: str | None = Field(None, title="口令名", pattern=SECRET_NAME, description="只写名字，不写口令本身")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.value is None) == (self.secret is None):
            raise ValueError("value 与 secret 要恰好写一个")
        if self.value is not None and any(_PASSWORD.search(str(getattr(self, way))) for way in (*self.ways, "name")):
            raise ValueError("口令不写在合同目录里：改用 secret，写口令名")
        return self


class SelectWhat(Locator):
    """An option of a <select>, by its visible text."""

    option: str = Field(title="选项文字")


class PressWhat(Locator):
    """A key pressed while the element has the focus."""

    key: str = Field("Enter", title="按键", description="如 Enter、Tab、Escape")


class Count(Strict):
    """A number of elements, or a number shown on the page."""

    equals: int | None = Field(None, ge=0, title="等于")
    min: int | None = Field(None, ge=0, title="至少")
    max: int | None = Field(None, ge=0, title="至多")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.equals is None and not self.min and self.max is None:
            raise ValueError("数量要写 equals、min（大于 0）或 max")
        return self

    def holds(self, actual: int) -> bool:
        """Tell whether `actual` is as expected."""
        return (
            (self.equals is None or actual == self.equals)
            and (self.min is None or actual >= self.min)
            and (self.max is None or actual <= self.max)
        )

    def __str__(self) -> str:
        if self.equals is not None:
            return f"{self.equals}"
        low = "" if self.min is None else f"≥{self.min}"
        high = "" if self.max is None else f"≤{self.max}"
        return " 且 ".join(part for part in (low, high) if part)


class ExpectWhat(_Place):
    """What must be true. Without a locator it speaks of the whole page.

    `text` is the text expected, not a locator; every text compares after white space is collapsed.
    """

    text: str | None = Field(None, min_length=1, title="应出现的文字")
    not_text: str | None = Field(None, min_length=1, title="不应出现的文字")
    url: str | None = Field(None, min_length=1, title="网址中应含")
    title: str | None = Field(None, min_length=1, title="标题中应含")
    status: int | None = Field(None, ge=100, le=599, title="HTTP 状态码")
    count: Count | int | None = Field(None, title="元素个数")
    number: Count | int | None = Field(None, title="显示的数字", description="元素文字中的第一个整数")
    value: str | None = Field(None, title="输入框的值")
    visible: bool | None = Field(None, title="是否可见")

    @field_validator("count", "number")
    @classmethod
    def _as_count(cls, count: Count | int | None) -> Count | None:
        return Count(equals=count, min=None, max=None) if isinstance(count, int) else count

    @model_validator(mode="after")
    def _one_fact(self) -> Self:
        facts = [fact for fact in _FACTS if getattr(self, fact) is not None]
        if len(facts) != 1:
            raise ValueError(f"expect 要恰好写一项期望（{'、'.join(_FACTS)}），现在是 {len(facts)} 项")
        if len(self.ways) > 1:
            raise ValueError(f"定位方式至多写一种（{'、'.join(self.WAYS)}），现在是 {len(self.ways)} 种")
        if facts[0] in ("count", "number", "value", "visible") and not self.ways:
            raise ValueError(f"{facts[0]} 要指明元素（role、label、placeholder、test_id 或 css）")
        return self

    @property
    def fact(self) -> str:
        """Which fact is expected: text, url, count …"""
        return next(fact for fact in _FACTS if getattr(self, fact) is not None)


_FACTS = ("text", "not_text", "url", "title", "status", "count", "number", "value", "visible")


class DownloadWhat(Strict):
    """An attachment: fetched by a click, looked at, and thrown away."""

    click: Locator = Field(title="点击")
    magic: Literal["pdf", "zip", "ole", "ofd", "png", "jpeg"] | None = Field(None, title="文件类型")
    min_bytes: int = Field(1, ge=1, title="至少字节数")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", title="SHA-256")


class Goto(Strict):
    """Open an address: a path of the system, or a whole URL."""

    goto: str = Field(min_length=1, title="打开", description="系统内的路径，如 /login")


class Fill(Strict):
    """Type into a field."""

    fill: FillWhat = Field(title="填写")


class Click(Strict):
    """Click."""

    click: Locator = Field(title="点击")


class Select(Strict):
    """Choose from a drop-down list."""

    select: SelectWhat = Field(title="下拉选择")


class Press(Strict):
    """Press a key."""

    press: PressWhat = Field(title="按键")


class Expect(Strict):
    """State what must be true."""

    expect: ExpectWhat = Field(title="期望")


class Download(Strict):
    """Check an attachment."""

    download: DownloadWhat = Field(title="下载附件")


class PopupWhat(Strict):
    """A window that opens on a click; the steps run in it, then it is closed."""

    click: Locator = Field(title="点击")
    steps: list["Step"] = Field(min_length=1, title="步骤")


class Popup(Strict):
    """Work in a pop-up window."""

    popup: PopupWhat = Field(title="弹出窗口")


class FrameWhat(Strict):
    """A frame or iframe, by its name or a CSS selector; frames nest by nesting steps."""

    name: str | None = Field(None, title="框架名")
    css: str | None = Field(None, title="CSS 选择器")
    steps: list["Step"] = Field(min_length=1, title="步骤")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.name is None) == (self.css is None):
            raise ValueError("框架要恰好写 name 或 css 之一")
        return self

    @property
    def selector(self) -> str:
        """The CSS selector of the frame's element."""
        return self.css or f'frame[name="{self.name}"], iframe[name="{self.name}"]'


class InFrame(Strict):
    """Work inside a frame."""

    frame: FrameWhat = Field(title="框架")


class DialogWhat(Strict):
    """A native alert, confirm or prompt that a click raises."""

    click: Locator = Field(title="点击")
    accept: bool = Field(False, title="按确定", description="默认按取消：巡检只看不改")
    text: str | None = Field(None, title="提示中应含的文字")


class Dialog(Strict):
    """Answer a native dialog."""

    dialog: DialogWhat = Field(title="对话框")


_KINDS = ("goto", "fill", "click", "select", "press", "expect", "download", "popup", "frame", "dialog")


def _kind(step: Any) -> str | None:
    if isinstance(step, dict):
        return next((key for key in step if key in _KINDS), next(iter(step), None)) if step else None
    return next((kind for kind in _KINDS if hasattr(step, kind)), None)


Step = Annotated[
    Annotated[Goto, Tag("goto")]
    | Annotated[Fill, Tag("fill")]
    | Annotated[Click, Tag("click")]
    | Annotated[Select, Tag("select")]
    | Annotated[Press, Tag("press")]
    | Annotated[Expect, Tag("expect")]
    | Annotated[Download, Tag("download")]
    | Annotated[Popup, Tag("popup")]
    | Annotated[InFrame, Tag("frame")]
    | Annotated[Dialog, Tag("dialog")],
    Discriminator(_kind),
]

PopupWhat.model_rebuild()
FrameWhat.model_rebuild()


def walk(steps: list[Step]) -> Iterator[Step]:
    """Go through the steps and those nested in pop-ups and frames, in order."""
    for step in steps:
        yield step
        if isinstance(step, Popup):
            yield from walk(step.popup.steps)
        elif isinstance(step, InFrame):
            yield from walk(step.frame.steps)


def asserts(steps: list[Step]) -> bool:
    """Tell whether the steps state anything that could turn out false. A bare status does not count:
    error and login pages answer 200 as well."""
    return any(
        isinstance(step, Download | Dialog) or (isinstance(step, Expect) and step.expect.fact not in ("status",))
        for step in walk(steps)
    )


def secret_names(steps: list[Step]) -> list[str]:
    """Return the names of the secrets that the steps use."""
    return [step.fill.secret for step in walk(steps) if isinstance(step, Fill) and step.fill.secret]
