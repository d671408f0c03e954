"""移动办公系统: an H5 single-page app for mobile browsers only; all its content arrives from /api by fetch."""

from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rehearsal.faults import Switchboard
from rehearsal.layout import Settings
from rehearsal.web.common import STATIC, Desk, Handler, attachment, form
from rehearsal.web.data import PEOPLE, UNITS, Document
from rehearsal.web.manners import Manners

MOBILE_MARKS = ("Mobile", "Android", "iPhone", "HarmonyOS")
_PAGE = """<svg xmlns="http://www.w3.org/2000/svg" width="595" height="420" viewBox="0 0 595 420">
<rect width="595" height="420" fill="#fff" stroke="#ccc"/>
<g font-family="Noto Sans CJK SC, sans-serif" text-anchor="middle">
<text x="297" y="90" font-size="22" fill="#b00">{title}</text>
<text x="297" y="140" font-size="15">{number}</text>
<text x="297" y="200" font-size="15">{person}　{person_id}</text>
<text x="297" y="380" font-size="13" fill="#888">第 1 页，共 1 页（演练数据）</text></g></svg>"""


class Gateway:
    """The app's shell and the API behind it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.data = desk.data

    def shell(self, request: Request) -> Response:
        agent = request.headers.get("user-agent", "")
        if any(mark in agent for mark in MOBILE_MARKS):
            return self.desk.render("app")
        return self.desk.render("desktop")

    async def login(self, request: Request) -> Response:
        fields = await form(request)
        if not self.desk.accepts(fields.get("username", ""), fields.get("password", "")):
            return JSONResponse({"ok": False, "message": "用户名或密码错误"}, status_code=401)
        return self.desk.admit(JSONResponse({"ok": True, "name": "巡检账号"}))

    def logout(self, request: Request) -> Response:
        return self.desk.dismiss(request, JSONResponse({"ok": True}))

    def todo(self, _: Request) -> Response:
        return JSONResponse({"count": len(self.data.todo), "rows": [_brief(row) for row in self.data.todo]})

    def document(self, request: Request) -> Response:
        found = self.data.documents.get(request.path_params["id"])
        if found is None:
            return JSONResponse({"message": "公文不存在"}, status_code=404)
        steps = [dict(zip(("step", "person", "time", "opinion"), step, strict=True)) for step in found.steps]
        files = [{"file": file, "name": name} for file, name in found.attachments]
        return JSONResponse({**_brief(found), "steps": steps, "attachments": files})

    def notices(self, _: Request) -> Response:
        if self.desk.faulty("mobile-never-ready"):
            return JSONResponse({"pending": True})
        return JSONResponse({"rows": [_brief(row) for row in self.data.notices]})

    def contacts(self, _: Request) -> Response:
        rows: list[dict[str, object]] = [
            {"person": name, "unit": unit, "phone": {"extension": f"000{n}"}}
            for n, (name, unit) in enumerate(zip(PEOPLE, UNITS, strict=True), start=1)
        ]
        if self.desk.faulty("mobile-script-error"):
            del rows[-1]["phone"]
        return JSONResponse({"rows": rows})

    def schedule(self, _: Request) -> Response:
        rows = [
            {"time": f"2026-01-1{n} 09:30", "title": f"演练第{n}次工作例会", "person": PEOPLE[n],
             "room": f"演练第{n}会议室"}
            for n in range(1, 4)
        ]  # fmt: skip
        return JSONResponse({"rows": rows})

    def page_image(self, request: Request) -> Response:
        """The preview of an attachment: a picture of its page, as conversion servers make."""
        found = self.data.documents.get(request.path_params["file"].rpartition(".")[0])
        if found is None:
            return Response(status_code=404)
        parts = {"title": found.title, "number": found.number, "person": found.person, "person_id": found.person_id}
        image = _PAGE.format(**{name: escape(text) for name, text in parts.items()})
        return Response(image, media_type="image/svg+xml")

    def attachment(self, request: Request) -> Response:
        return attachment(self.data.documents, request.path_params["file"])

    def health(self, _: Request) -> Response:
        services = {"auth": "UP", "document": "UP", "contacts": "UP"}
        return JSONResponse({"status": "UP", "services": services, "version": "2.4.1"})

    def guarded(self, handler: Handler) -> Handler:
        """An API says 401 where a page would redirect."""

        def inner(request: Request) -> Response:
            if not self.desk.logged_in(request):
                return JSONResponse({"message": "登录已失效，请重新登录"}, status_code=401)
            return handler(request)

        return inner


def _brief(row: Document) -> dict[str, str]:
    return {
        "id": row.id, "title": row.title, "number": row.number, "unit": row.unit, "person": row.person,
        "personId": row.person_id, "date": row.date, "state": row.state, "urgency": row.urgency,
    }  # fmt: skip


def build(settings: Settings, switches: Switchboard) -> ASGIApp:
    """The mobile system as one ASGI application."""
    gateway = Gateway(Desk("mobile", settings, switches))
    guarded = gateway.guarded
    app = Starlette(
        routes=[
            Route("/", gateway.shell),
            Route("/api/login", gateway.login, methods=["POST"]),
            Route("/api/logout", gateway.logout, methods=["POST"]),
            Route("/api/gateway/health", gateway.health),
            Route("/api/todo", guarded(gateway.todo)),
            Route("/api/document/{id}", guarded(gateway.document)),
            Route("/api/notices", guarded(gateway.notices)),
            Route("/api/contacts", guarded(gateway.contacts)),
            Route("/api/schedule", guarded(gateway.schedule)),
            Route("/api/attachment/{file}/page.svg", guarded(gateway.page_image)),
            Route("/api/attachment/{file}", guarded(gateway.attachment)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    return Manners(app, "mobile", switches, gateway.shell)
