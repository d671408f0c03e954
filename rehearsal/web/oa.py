"""协同办公系统: a frameset with an iframe in it, pop-up windows, native dialogs, late content, downloads."""

import secrets

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rehearsal.faults import Switchboard
from rehearsal.layout import Settings
from rehearsal.web.common import STATIC, Desk, attachment, form
from rehearsal.web.data import Document
from rehearsal.web.manners import Manners

KINDS = ("收文", "发文", "通知")


class Office:
    """The pages of the OA."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.data = desk.data

    def login_page(self, _: Request) -> Response:
        return self.desk.render("login", message="", username="", password="")

    async def login(self, request: Request) -> Response:
        """A refused login shows the form again with what was typed, as careless systems do."""
        fields = await form(request)
        username, password = fields.get("username", ""), fields.get("password", "")
        if not self.desk.accepts(username, password) or self.desk.faulty("oa-login-refused"):
            return self.desk.render("login", message="用户名或密码错误", username=username, password=password)
        portal = RedirectResponse(f"/portal?ticket={secrets.token_hex(8)}", status_code=302)
        return self.desk.admit(portal, dropped=self.desk.faulty("oa-session-dropped"))

    def logout(self, request: Request) -> Response:
        page = self.desk.render("login", message="您已安全退出", username="", password="")
        return self.desk.dismiss(request, page)

    def portal(self, _: Request) -> Response:
        return self.desk.render("portal")

    def frame(self, request: Request) -> Response:
        return self.desk.render(f"frame_{request.path_params['name']}")

    def home(self, _: Request) -> Response:
        return self.desk.render("home", todo=self.data.todo, notices=self.data.notices[:3])

    def todo(self, _: Request) -> Response:
        rows = [] if self.desk.faulty("oa-wrong-count") else self.data.todo
        return self.desk.render("todo", rows=rows, count=len(self.data.todo))

    def mark_read(self, _: Request) -> Response:
        """Answers only: the estate shows the same data whatever is clicked."""
        return JSONResponse({"ok": True, "message": "已标记为已读"})

    def incoming(self, _: Request) -> Response:
        return self.desk.render("documents", heading="收文管理", test_id="incoming", rows=self.data.incoming)

    def outgoing(self, _: Request) -> Response:
        return self.desk.render("documents", heading="发文管理", test_id="outgoing", rows=self.data.outgoing)

    def notices(self, _: Request) -> Response:
        return self.desk.render("notices", rows=self.data.notices)

    def search(self, request: Request) -> Response:
        query = request.query_params.get("q")
        kind = request.query_params.get("kind", "")
        rows = None if query is None else [row for row in self._all() if _matches(row, query, kind)]
        return self.desk.render("search", query=query or "", kind=kind, kinds=KINDS, rows=rows)

    def supervision(self, _: Request) -> Response:
        return self.desk.render("supervision")

    def supervision_data(self, _: Request) -> Response:
        rows = [
            {"title": row.title, "number": row.number, "person": row.person, "unit": row.unit, "due": row.date}
            for row in self.data.incoming[:5]
        ]
        return JSONResponse({"rows": rows})

    def document(self, request: Request) -> Response:
        found = self.data.documents.get(request.path_params["id"])
        if found is None:
            return Response("公文不存在", status_code=404, media_type="text/plain")
        return self.desk.render("document", doc=found)

    def attachment(self, request: Request) -> Response:
        return attachment(self.data.documents, request.path_params["file"])

    def _all(self) -> list[Document]:
        return list(self.data.documents.values())


def _matches(row: Document, query: str, kind: str) -> bool:
    return (query in row.title or query in row.number) and kind in ("", row.kind)


def build(settings: Settings, switches: Switchboard) -> ASGIApp:
    """The OA as one ASGI application."""
    desk = Desk("oa", settings, switches)
    office, guarded = Office(desk), desk.guarded
    app = Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/login", status_code=302)),
            Route("/login", office.login_page, methods=["GET"]),
            Route("/login", office.login, methods=["POST"]),
            Route("/logout", office.logout),
            Route("/portal", guarded(office.portal)),
            Route("/frame/{name}", guarded(office.frame)),
            Route("/home", guarded(office.home)),
            Route("/todo", guarded(office.todo)),
            Route("/todo/read", guarded(office.mark_read), methods=["POST"]),
            Route("/incoming", guarded(office.incoming)),
            Route("/outgoing", guarded(office.outgoing)),
            Route("/notices", guarded(office.notices)),
            Route("/search", guarded(office.search)),
            Route("/supervision", guarded(office.supervision)),
            Route("/api/supervision", guarded(office.supervision_data)),
            Route("/doc/{id}", guarded(office.document)),
            Route("/attachment/{file}", guarded(office.attachment)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    return Manners(app, "oa", switches, office.login_page)
