"""Pages: templates of all capabilities, in the reader's language, with a form token that fits the reader."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup, escape

from models.records import Photo
from models.vocabulary import Language, Role
from models.wording import translator, word
from server import security

HERE = Path(__file__).parent
LOCALES = HERE / "locales"
SESSION_COOKIE = "secondlook_session"
SEED_COOKIE = "secondlook_seed"
LANGUAGE_COOKIE = "secondlook_language"
YEAR_S = 365 * 24 * 3600


def language_of(request: Request) -> Language:
    """Chosen on the page, else what the browser prefers, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in set(Language):
        return Language(chosen)
    return _preferred(request.headers.get("accept-language", ""))


def _preferred(header: str) -> Language:
    offers = []
    # Short pieces only: the pattern would take its time over a long one.
    for part in (piece for piece in header.split(",", 20)[:20] if len(piece) < 50):
        found = re.fullmatch(r"\s*([A-Za-z]+)[\w-]*\s*(?:;\s*q=([01](?:\.\d+)?))?\s*", part)
        if found and found[1].lower() in set(Language):
            offers.append((float(found[2] or 1), Language(found[1].lower())))
    # max keeps the first of equals, which is the browser's own order.
    return max(offers, key=lambda offer: offer[0], default=(0.0, Language.EN))[1]


def local_path(address: str | None) -> str | None:
    """A path on this server, or none: never send anyone elsewhere because a link said so."""
    if not address or not address.startswith("/") or not address.isprintable():
        return None
    # Browsers read \ as / and // as the start of another host's name.
    return None if address.startswith("//") or "\\" in address else address


def back(request: Request) -> str | None:
    """The page of this server that the reader came from, as the browser says."""
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return None
    if came.netloc != request.headers.get("host"):
        return None
    return local_path(came.path + (f"?{came.query}" if came.query else ""))


def wants_json(request: Request) -> bool:
    """Programs get errors as JSON, people as a page."""
    if request.url.path.startswith("/api/"):
        return True
    return request.headers.get("accept", "").startswith("application/json")


class Pages:
    """Renders templates, named `<capability>/<file>` or `shared/<file>`."""

    def __init__(self, secret: bytes) -> None:
        """Read the templates and catalogues that are installed."""
        self._secret = secret
        self._environments = {language: _environment(language) for language in Language}

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> HTMLResponse:
        """Render one page for this reader."""
        language = language_of(request)
        seed, fresh = self._seed(request)
        content = (
            self._environments[language]
            .get_template(template)
            .render(
                facts,
                language=language,
                languages=tuple(Language),
                principal=getattr(request.state, "principal", None),
                may=getattr(request.state, "may", _nothing),
                form_token=security.form_token(self._secret, seed),
                path=request.url.path,
                here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            )
        )
        response = HTMLResponse(content, status, headers)
        if fresh:
            keep_cookie(request, response, SEED_COOKIE, seed)
        return response

    def text(self, template: str, language: Language, **facts: object) -> Markup:
        """Render what is no page of the server: part of a file to take away. The template escapes."""
        rendered = self._environments[language].get_template(template)
        return Markup(rendered.render(facts, language=language))  # noqa: S704 - escaped above

    def form_token_matches(self, request: Request, token: str) -> bool:
        """The form came from a page that this reader was given."""
        return security.form_token_matches(self._secret, self._seed(request)[0], token)

    def _seed(self, request: Request) -> tuple[str, bool]:
        # Tied to the session once there is one: a form from before signing in or out is refused.
        kept = request.cookies.get(SESSION_COOKIE) or request.cookies.get(SEED_COOKIE)
        return (kept, False) if kept else (security.new_token(), True)


def keep_cookie(
    request: Request,
    response: HTMLResponse | RedirectResponse,
    name: str,
    value: str,
    *,
    max_age_s: int | None = None,
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send along with a form."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def see(path: str) -> RedirectResponse:
    """After a form, another page: loading it again repeats nothing."""
    return RedirectResponse(path, 303)


def _nothing(_: str) -> bool:
    return False


def _environment(language: Language) -> jinja2.Environment:
    folders = {
        folder.parent.name: jinja2.FileSystemLoader(folder) for folder in HERE.glob("*/templates")
    }
    environment = jinja2.Environment(
        loader=jinja2.PrefixLoader(
            folders | {"shared": jinja2.FileSystemLoader(HERE / "templates")}
        ),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = translator(LOCALES, language)
    # The i18n extension adds this method at run time.
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]

    def worded(member: StrEnum) -> str:
        return word(member, language)

    environment.filters |= {
        "word": worded,
        "moment": moment,
        "told": texts.gettext,
        "percent": percent,
        "visible": visible,
        "device": device,
        "role": lambda value: worded(Role(value)) if value in set(Role) else value,
    }
    environment.globals |= {"thumbnail": thumbnail}
    return environment


def moment(at: datetime) -> Markup:
    """A moment in UTC; static/times.js turns it into the reader's own zone."""
    try:
        utc = at.astimezone(UTC)
    except OverflowError:  # in the first or the last hours that datetime knows
        return escape(at.isoformat())
    return Markup('<time datetime="{}">{} UTC</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%Y-%m-%d %H:%M")
    )


def visible(scanned: str) -> str:
    """What was scanned, with the letters that nobody sees by their numbers: none can pass for another."""
    return "".join(c if c.isprintable() else f"‹U+{ord(c):04X}›" for c in scanned)


BROWSERS = {
    "MicroMessenger/": "WeChat",
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(user_agent: str) -> str:
    """A browser and a system as people call them; the first that fits counts, as most claim several."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return " · ".join(filter(None, (browser, system))) or visible(user_agent[:40])


def percent(share: float) -> str:
    """A share as people read it; certainty is only said of what is certain."""
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share * 100:.0f} %"


def thumbnail(photo: Photo) -> str:
    """The address of the small picture, or of the photo where the station made none."""
    return f"/photos/{photo.thumbnail_sha256 or photo.sha256}"
