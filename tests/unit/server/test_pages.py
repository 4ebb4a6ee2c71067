"""Two languages, safe ways back, and nothing on a page that the policy forbids."""

import ast
import inspect
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from jinja2.ext import babel_extract

import server
from models.vocabulary import Language, Role
from models.wording import translator
from server import errors
from server.complaints import Complaint
from server.edge import failed
from server.pages import LOCALES, Pages, language_of, local_path, moment, percent, visible
from tests.unit.server.running import Running, an_inspection, send

SERVER = Path(server.__file__).parent
TEMPLATES = sorted(SERVER.rglob("templates/*.html"))
SCRIPTS = sorted((SERVER / "static").glob("*.js"))
SECRET = b"x" * 32


def texts_of(template: Path) -> set[str]:
    """Every text that the template hands to gettext."""
    with template.open("rb") as file:
        found = list(babel_extract(file, ("_", "gettext", "ngettext"), [], {"silent": "false"}))
    # Of a singular and its plural the first is what the catalogue knows.
    firsts = (message[0] if isinstance(message, tuple) else message for _, _, message, _ in found)
    return {first for first in firsts if first}


def refusals() -> set[str]:
    """What the server says to people when it refuses, except with facts in it."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    docstrings = {inspect.getdoc(kind) or "" for kind in kinds if issubclass(kind, errors.Refused)}
    seen_by_people = [SERVER / "gate.py", SERVER / "edge.py", SERVER / "archive.py"]
    seen_by_people += [SERVER / "jobs.py"]
    seen_by_people.append(SERVER / "uploads.py")
    for folder in (
        "accounts",
        "assurance",
        "catalogue",
        "enrolment",
        "expected",
        "keeping",
        "returns",
        "review",
    ):
        seen_by_people += sorted((SERVER / folder).glob("*.py"))
    written = set()
    for path in seen_by_people:
        for node in ast.walk(ast.parse(path.read_text())):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                name = ast.unparse(call.func)
                if issubclass(getattr(errors, name, object), errors.Refused):
                    written.add(str(call.args[0].value))
    return docstrings | written | {complaint.value for complaint in Complaint}


def test_every_text_of_the_pages_is_there_in_chinese() -> None:
    chinese = translator(LOCALES, Language.ZH)
    wanted = set().union(*map(texts_of, TEMPLATES)) | refusals()
    wanted |= {"The server made a mistake; it is in its log."}
    assert len(wanted) > 100
    assert sorted(text for text in wanted if chinese.gettext(text) == text) == []


def test_no_translation_is_left_over() -> None:
    catalogue = translator(LOCALES, Language.ZH)._catalog  # type: ignore[attr-defined]
    used = set().union(*map(texts_of, TEMPLATES)) | refusals()
    used |= {"The server made a mistake; it is in its log."}
    known = {key if isinstance(key, str) else key[0] for key in catalogue} - {""}
    assert sorted(known - used) == []


@pytest.mark.parametrize("text", sorted(set().union(*map(texts_of, TEMPLATES))))
def test_translations_name_the_same_facts(text: str) -> None:
    chinese = translator(LOCALES, Language.ZH).gettext(text)
    assert set(re.findall(r"%\(\w+\)s", chinese)) == set(re.findall(r"%\(\w+\)s", text))
    assert not re.search(r"%(?!\(\w+\)s)", text + chinese)


@pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda path: f"{path.parent.parent.name}/{path.name}"
)
def test_templates_hold_nothing_inline(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "|safe" not in text.replace(" ", "")
    assert not re.search(r"https?://", text)
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.DOTALL):
        assert 'name="form_token" value="{{ form_token }}"' in form


@pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda path: f"{path.parent.parent.name}/{path.name}"
)
def test_templates_hold_no_english_that_is_not_translated(template: Path) -> None:
    styled = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", " ", template.read_text())
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", styled, flags=re.DOTALL)
    bare = re.sub(r"<kbd>.*?</kbd>|<code>.*?</code>|<[^>]*>", " ", text, flags=re.DOTALL)
    words = set(re.findall(r"[A-Za-z]{2,}", bare)) - {
        "doctype",
        "html",
        "Secondlook",
        "UTC",
        "mm",
        "kB",
        "MB",
        "GB",
        "TB",
    }
    assert words == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_small_say_why_and_speak_no_language(script: Path) -> None:
    lines = script.read_text().splitlines()
    assert len(lines) <= 52
    assert lines[0].startswith("// ")
    assert not re.search(r"innerHTML|insertAdjacentHTML|eval\(|alert\(", script.read_text())


def request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "headers": raw,
            "path": "/",
            "query_string": b"",
            "method": "GET",
            "state": {},
            "server": ("x", 80),
            "scheme": "http",
        }
    )


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, Language.EN),
        ({"accept-language": "zh"}, Language.ZH),
        ({"accept-language": "zh-Hant-TW,en;q=0.9"}, Language.ZH),
        ({"accept-language": "en-GB,zh;q=0.9"}, Language.EN),
        ({"accept-language": "de,fr;q=0.9,zh;q=0.8,en;q=0.1"}, Language.ZH),
        ({"accept-language": "de"}, Language.EN),
        ({"accept-language": ";;;q=,,=zh"}, Language.EN),
        ({"accept-language": "zh;q=0.1", "cookie": "secondlook_language=en"}, Language.EN),
        ({"cookie": "secondlook_language=zh"}, Language.ZH),
        ({"cookie": "secondlook_language=xx"}, Language.EN),
    ],
)
def test_which_language_a_reader_gets(headers: dict[str, str], language: Language) -> None:
    assert language_of(request(**headers)) is language


def test_a_header_made_to_take_long_does_not() -> None:
    began = time.perf_counter()
    for evil in ("a" * 60_000 + "!", "a;" * 30_000, "zh;q=0." + "1" * 60_000, "," * 60_000):
        assert language_of(request(**{"accept-language": evil})) is Language.EN
    assert time.perf_counter() - began < 1


@given(st.text(max_size=60))
def test_no_address_leads_away(address: str) -> None:
    path = local_path(address)
    assert path is None or (path == address and path[:1] == "/" and path[1:2] not in {"/", "\\"})
    assert local_path("//" + address) is None
    assert local_path("/\\" + address) is None


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (0.004, "<1 %"), (0.01, "1 %"), (0.87, "87 %"), (0.994, ">99 %"), (1, "100 %")],
)
def test_only_what_is_certain_is_called_certain(share: float, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(
    ("scanned", "told"),
    [
        ("RT-0001", "RT-0001"),
        ("包裹 ÄÉ 🎁 שלום", "包裹 ÄÉ 🎁 שלום"),
        ("A\u202e1000-TR", "A‹U+202E›1000-TR"),
        ("A\0\x1b[31m\u200b\u2066", "A‹U+0000›‹U+001B›[31m‹U+200B›‹U+2066›"),
    ],
)
def test_letters_that_nobody_sees_are_shown_by_their_numbers(scanned: str, told: str) -> None:
    assert visible(scanned) == told


def test_no_page_turns_a_code_around(server: Running) -> None:
    send(server.station(), an_inspection(return_code="A\u202e1000-TR"))
    ann = server.person("ann", Role.QA_LEAD)
    ann.post("/queue/next")
    one = an_inspection().inspection_id
    for path in ("/returns", f"/returns/{one}", "/review", f"/review/{one}"):
        page = ann.get(path).text
        assert "A‹U+202E›1000-TR" in page
        assert "\u202e" not in page


def test_moments_are_told_in_utc() -> None:
    at = datetime(2026, 1, 5, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    assert moment(at) == '<time datetime="2026-01-05T12:00:00+00:00">2026-01-05 12:00 UTC</time>'
    assert moment(at) == moment(at.astimezone(UTC))


def test_every_page_opens_in_both_languages(server: Running) -> None:
    send(server.station(), an_inspection(1), an_inspection(2))
    ann = server.person("ann", Role.QA_LEAD)
    ann.post("/queue/next")
    one, two = (an_inspection(n).inspection_id for n in (1, 2))
    paths = [
        "/returns",
        f"/returns/{one}",
        "/review",
        f"/review/{one}",
        f"/review/{two}",
        "/nowhere",
    ]
    for language, lang, word in (("en", "en", "Sign out"), ("zh", "zh-CN", "退出")):
        for path in paths:
            page = ann.get(path, headers={"accept-language": language})
            assert page.status_code in {200, 404}
            assert f'<html lang="{lang}">' in page.text
            assert word in page.text


def test_the_page_of_last_resort_needs_nothing() -> None:
    assert failed(request(**{"accept-language": "zh"}), Pages(SECRET)).status_code == 500
