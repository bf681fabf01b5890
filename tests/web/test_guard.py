"""Who is answered: this machine, by its address, with the token, and no other page."""

import http.client
import json
from urllib.parse import quote

import pytest

from tests.web.conftest import Served
from xsearch.web.guard import POLICY


def ask(served: Served, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    sent = {"x-xsearch-token": served.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body, {name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    found = answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return found


def test_what_is_right_is_answered_under_a_strict_policy(served: Served) -> None:
    status, body, headers = ask(served, "GET", "/")
    assert status == 200
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert b"<script>" not in body
    assert b"style=" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "xsearch:80", "0.0.0.0"]
)
def test_another_host_is_refused(served: Served, host: str) -> None:
    assert ask(served, "GET", "/api/state", Host=host)[0] == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_another_origin_is_refused(served: Served, origin: str) -> None:
    for method, path in (("GET", "/api/state"), ("POST", "/api/jobs")):
        assert ask(served, method, path, b"{}", Origin=origin)[0] == 403


def test_a_change_from_another_site_is_refused(served: Served) -> None:
    assert ask(served, "POST", "/api/use", b'{"name": "lab"}', Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(served, "POST", "/api/use", b'{"name": "lab"}', Origin=served.address)[0] == 200


def test_without_the_token_nothing_is_answered(served: Served) -> None:
    for token in ("", "wrong", served.token[:-1], served.token + "a"):
        for path in ("/", "/api/state", "/static/main.js", "/nothing"):
            status, body, _ = ask(served, "GET", path, x_xsearch_token=token)
            assert status == 403
            assert served.token.encode() not in body


def test_the_token_of_the_first_address_becomes_a_cookie_that_scripts_cannot_read(served: Served) -> None:
    status, _, headers = ask(served, "GET", f"/?token={served.token}&only=Ti", x_xsearch_token="")
    assert (status, headers["location"]) == (303, "/?only=Ti")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=lax" in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert ask(served, "GET", "/", x_xsearch_token="", Cookie=cookie)[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/index.html%00", "/etc/passwd",
     "/api/files/..%2f..%2fetc", "/api/files/0123456789abcdeg", "/api/jobs/..%2f/answer", "/api/jobs/%2e%2e/events"],
)  # fmt: skip
def test_no_path_from_outside_is_opened(served: Served, path: str) -> None:
    status, body, _ = ask(served, "GET", path)
    assert status in (400, 404)
    assert b"root:" not in body
    assert b"import" not in body


@pytest.mark.parametrize(
    "name",
    ["../../rutile.xy", "/etc/cron.d/rutile.xy", "..\\..\\rutile.xy", "a:Fe:K.xy", "x#2.xy", "<b>.xy", "é\u202e.xy"],
)
def test_a_hostile_file_name_is_only_a_name(served: Served, name: str) -> None:
    text = b"# wavelength = 1.5406\n" + b"".join(b"%.2f %d\n" % (10 + i / 50, 100) for i in range(2000))
    status, body, _ = ask(served, "POST", f"/api/files?name={quote(name)}", text)
    assert status == 200
    found = json.loads(body)
    assert not set(found["name"]) & set("/\\:#<>")
    assert found["name"].endswith(".xy")
    assert not found["name"].startswith(".")


def test_known_phases_are_no_files_of_this_machine(served: Served, tmp_path) -> None:
    key = json.loads(ask(served, "POST", "/api/files?name=a.xy", b"# wavelength = 1.5\n1 2\n2 3\n")[1])["key"]
    (tmp_path / "secret.cif").write_text("data_secret", encoding="utf-8")
    wanted = {"kind": "query", "files": [{"key": key}], "options": {"known": str(tmp_path / "secret.cif")}}
    job = json.loads(ask(served, "POST", "/api/jobs", json.dumps(wanted).encode())[1])
    events = ask(served, "GET", f"/api/jobs/{job['key']}/events")[1].decode()
    assert "event: failed" in events
    assert "secret" not in events.replace("secret.cif", "")


def test_too_much_is_refused(served: Served) -> None:
    assert ask(served, "POST", "/api/files?name=a.xy", b"", Content_Length="99000000000")[0] == 413
    assert ask(served, "POST", "/api/jobs", b"[1]")[0] == 400
    assert ask(served, "POST", "/api/jobs", b'{"kind": "rm"}')[0] == 400
    assert ask(served, "POST", "/api/jobs", b'{"kind": "query", "files": [], "options": {}}')[0] == 400
