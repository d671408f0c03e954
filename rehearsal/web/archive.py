"""综合档案管理系统: plain HTTP, old-fashioned tables, preview of an original as a PDF, a captcha if asked for."""

from collections import Counter

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rehearsal.faults import Switchboard
from rehearsal.layout import Settings
from rehearsal.web import files
from rehearsal.web.captcha import Captchas
from rehearsal.web.common import STATIC, Desk, download, form
from rehearsal.web.data import Record
from rehearsal.web.manners import Manners


class Archive:
    """The pages of the archive."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.data = desk.data
        self.captchas = Captchas()

    @property
    def wants_captcha(self) -> bool:
        return self.desk.settings.captcha_required or self.desk.faulty("archive-captcha-login")

    def login_page(self, _: Request, message: str = "", username: str = "") -> Response:
        key = self.captchas.issue() if self.wants_captcha else ""
        return self.desk.render("login", message=message, username=username, captcha=key)

    async def login(self, request: Request) -> Response:
        fields = await form(request)
        username = fields.get("username", "")
        asked = self.wants_captcha and username not in self.desk.settings.captcha_whitelist
        if asked and not self.captchas.redeem(fields.get("captcha_key", ""), fields.get("captcha", "")):
            return self.login_page(request, "验证码错误", username)
        if not self.desk.accepts(username, fields.get("password", "")):
            return self.login_page(request, "用户名或密码错误", username)
        return self.desk.admit(RedirectResponse("/home", status_code=302))

    def captcha(self, request: Request) -> Response:
        picture = self.captchas.picture(request.path_params["key"])
        return Response(picture, media_type="image/svg+xml")

    def logout(self, request: Request) -> Response:
        return self.desk.dismiss(request, RedirectResponse("/login", status_code=302))

    def home(self, _: Request) -> Response:
        return self.desk.render("home", records=self.data.records, loans=self.data.loans)

    def search(self, request: Request) -> Response:
        asked = request.query_params
        rows: list[Record] | None = None
        if "title" in asked or "number" in asked:
            rows = [
                row
                for row in self.data.records
                if asked.get("title", "") in row.title and asked.get("number", "") in row.number
            ]
            if self.desk.faulty("archive-search-empty"):
                rows = []
        title, number = asked.get("title", ""), asked.get("number", "")
        return self.desk.render("search", rows=rows, title=title, number=number)

    def record(self, request: Request) -> Response:
        return self._with_record(request, "record")

    def preview(self, request: Request) -> Response:
        return self._with_record(request, "preview")

    def original(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return Response("原文不存在", status_code=404, media_type="text/plain")
        lines = [found.title, f"档号 {found.number}", f"责任者 {found.keeper}", self.data.canary.person_id,
                 "本文件为演练数据，无任何真实内容。"]  # fmt: skip
        inline = "download" not in request.query_params
        return download(files.pdf(lines), files.PDF_TYPE, f"{found.title}.pdf", inline=inline)

    def borrow(self, _: Request) -> Response:
        return self.desk.render("borrow", rows=self.data.loans)

    def stats(self, _: Request) -> Response:
        kinds = Counter(row.category for row in self.data.records)
        years = Counter(row.year for row in self.data.records)
        return self.desk.render("stats", kinds=sorted(kinds.items()), years=sorted(years.items()))

    def _find(self, request: Request) -> Record | None:
        wanted = request.path_params["id"]
        return next((row for row in self.data.records if row.id == wanted), None)

    def _with_record(self, request: Request, page: str) -> Response:
        found = self._find(request)
        if found is None:
            return Response("档案不存在", status_code=404, media_type="text/plain")
        return self.desk.render(page, record=found)


def build(settings: Settings, switches: Switchboard) -> ASGIApp:
    """The archive as one ASGI application."""
    desk = Desk("archive", settings, switches)
    archive, guarded = Archive(desk), desk.guarded
    app = Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/login", status_code=302)),
            Route("/login", archive.login_page, methods=["GET"]),
            Route("/login", archive.login, methods=["POST"]),
            Route("/captcha/{key}", archive.captcha),
            Route("/logout", archive.logout),
            Route("/home", guarded(archive.home)),
            Route("/search", guarded(archive.search)),
            Route("/record/{id}", guarded(archive.record)),
            Route("/preview/{id}", guarded(archive.preview)),
            Route("/original/{id}.pdf", guarded(archive.original)),
            Route("/borrow", guarded(archive.borrow)),
            Route("/stats", guarded(archive.stats)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    return Manners(app, "archive", switches, archive.login_page)
