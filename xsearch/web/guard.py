"""Who may talk to the page: this machine, by this address, with the token, and no other page of the browser."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing is loaded but from this server, and nothing is sent anywhere else."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

NAMES = ("127.0.0.1", "localhost", "[::1]")
"""How the loopback interface may be called."""

WITHOUT_TOKEN = "This page needs the address that `xsearch serve` printed; it holds the token."


class Guard:
    """Lets a request through where its Host, its Origin and its token are right.

    A page of another site may know the port, but its requests carry that site's Origin; a name that was made to lead
    here (DNS rebinding) stands in Host. The token comes with the first address; a cookie that scripts cannot read and
    other sites cannot send keeps it.

    Args:
        app: what is guarded.
        port: of the server.
        token: what the first address must hold.
    """

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self.app, self.token = app, token
        self.cookie = f"xsearch_{port}"
        self.hosts = frozenset(f"{name}:{port}" for name in NAMES)
        self.origins = frozenset(f"http://{host}" for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on with the headers of every answer."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            refused = self.refusal(Request(scope))
            await (refused or self.app)(scope, receive, _with_headers(send))

    def refusal(self, request: Request) -> Response | None:
        """What to answer instead, or None where the request may pass."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return PlainTextResponse("Unknown host.", 421)
        origin = request.headers.get("origin")
        if origin is not None and origin not in self.origins:
            return PlainTextResponse("Requests of other pages are not answered.", 403)
        changes = request.method not in ("GET", "HEAD")
        if changes and origin is None and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("Requests of other pages are not answered.", 403)
        given = request.query_params.get("token")
        if given is not None and self.is_token(given) and not changes and request.url.path == "/":
            rest = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
            to_page = RedirectResponse("/" + (f"?{urlencode(rest)}" if rest else ""), 303)
            to_page.set_cookie(self.cookie, self.token, max_age=365 * 86400, httponly=True, samesite="lax", path="/")
            return to_page
        if not self.is_token(request.cookies.get(self.cookie, "")) and not self.is_token(
            request.headers.get("x-xsearch-token", "")
        ):
            return PlainTextResponse(WITHOUT_TOKEN, 403)
        return None

    def is_token(self, text: str) -> bool:
        """Whether a text is the token, in a time that does not depend on it."""
        return secrets.compare_digest(text.encode(), self.token.encode())


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    added: Iterable[tuple[bytes, bytes]] = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return sent
