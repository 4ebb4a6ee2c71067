"""Sign in, sign out, change the language."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from models.vocabulary import Language
from server.accounts import federation, own, service
from server.errors import FormExpired
from server.pages import LANGUAGE_COOKIE, SESSION_COOKIE, YEAR_S, keep_cookie, local_path, see
from server.parts import Doer, Here, Parts, Who, address_of

router = APIRouter()
Field = Annotated[str, Form()]
COMPANY_COOKIE = "secondlook_company"
BACK = "/sign-in/company/back"
Next = Annotated[str, Form(alias="next")]


def device_of(request: Request) -> str:
    """What the browser says of itself."""
    return request.headers.get("user-agent", "")


def keep_session(request: Request, here: Parts, response: RedirectResponse, token: str) -> None:
    """Give the browser its session; the one that it had before ends."""
    before = request.state.principal
    if before is not None and before.session_sha256:
        service.sign_out(here, before.session_sha256)
    max_age_s = int(here.settings.session_hours * 3600)
    keep_cookie(request, response, SESSION_COOKIE, token, max_age_s=max_age_s)


@router.get("/")
def start(who: Who) -> Response:
    """Where this person's work begins."""
    return see(service.home_of(who.role))


@router.get("/sign-in")
def sign_in_page(
    request: Request, here: Here, wanted: Annotated[str, Query(alias="next")] = ""
) -> Response:
    """The form; who is signed in already goes on."""
    if request.state.principal is not None:
        return see(local_path(wanted) or "/")
    return _sign_in_page(request, here, wanted)


def _sign_in_page(
    request: Request, here: Parts, wanted: str, name: str = "", status: int = 200
) -> Response:
    return here.pages.page(
        request,
        "accounts/sign_in.html",
        status=status,
        next=wanted,
        name=name,
        failed=status == 401,
        company=here.provider is not None,
        company_name=here.settings.oidc_name,
    )


@router.get("/sign-in/company")
def company(
    request: Request,
    here: Here,
    wanted: Annotated[str, Query(alias="next")] = "",
    key: str = "",
    form_token: str = "",
) -> Response:
    """Off to the company's provider, for a one-time link's account where it has a key; without a provider, to the form."""
    if here.provider is None:
        return see("/sign-in")
    # Else a stranger's address could link the reader's identity with the stranger's account.
    if key and not here.pages.form_token_matches(request, form_token):
        raise FormExpired
    redirect = f"{str(request.base_url).rstrip('/')}{BACK}"
    address, kept = federation.begin(here, redirect, wanted, key)
    response = see(address)
    keep_cookie(request, response, COMPANY_COOKIE, kept, max_age_s=600)
    return response


@router.get("/sign-in/company/back")
def company_back(request: Request, here: Here) -> Response:
    """Back from the provider, with a code or a refusal."""
    if here.provider is None:
        return see("/sign-in")
    came = federation.finish(
        here,
        request.cookies.get(COMPANY_COOKIE, ""),
        request.query_params,
        address_of(request),
        device_of(request),
    )
    response = see(local_path(came.wanted) or service.home_of(came.account.role))
    response.delete_cookie(COMPANY_COOKIE)
    keep_session(request, here, response, came.token)
    return response


@router.post("/sign-in")
def sign_in(
    request: Request,
    here: Here,
    name: Field = "",
    password: Field = "",
    wanted: Next = "",
) -> Response:
    """Open a session and go where the person wanted to go."""
    opened = service.sign_in(here, name.strip(), password, address_of(request), device_of(request))
    if opened is None:
        return _sign_in_page(request, here, wanted, name=name, status=401)
    account, token = opened
    response = see(local_path(wanted) or service.home_of(account.role))
    keep_session(request, here, response, token)
    return response


@router.post("/sign-out")
def sign_out(here: Here, who: Who) -> Response:
    """End the session on the server; the cookie alone would prove nothing."""
    if who.session_sha256:
        service.sign_out(here, who.session_sha256)
    response = see("/sign-in")
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.post("/sign-out/others")
def sign_out_others(here: Here, who: Who) -> Response:
    """End all of one's own sessions but this one."""
    own.end_others(here, who)
    return see("/me?done=others")


@router.post("/sign-out/session")
def sign_out_one(here: Here, by: Doer, session: Field) -> Response:
    """End one of one's own sessions."""
    own.end_session(here, by, session)
    return see("/me?done=session")


@router.post("/language")
def change_language(
    request: Request, language: Annotated[Language, Form()], wanted: Next = ""
) -> Response:
    """Remember the language and show the same page again."""
    response: RedirectResponse = see(local_path(wanted) or "/")
    keep_cookie(request, response, LANGUAGE_COOKIE, language.value, max_age_s=YEAR_S)
    return response
