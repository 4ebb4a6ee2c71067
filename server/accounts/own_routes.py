"""Everybody's own page, and one-time links."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from models.vocabulary import Scope
from server.accounts import links, own, service, tokens
from server.accounts.routes import Field, device_of, keep_session
from server.errors import ContentInvalid
from server.pages import see
from server.parts import Doer, Here, Who, address_of

router = APIRouter()
Repeated = Annotated[str, Form(alias="repeated")]


@router.get("/me")
def me(request: Request, here: Here, who: Who, done: str = "") -> Response:
    """Password, open sessions, API tokens."""
    return here.pages.page(
        request,
        "accounts/me.html",
        own=own.file(here, who),
        scopes=request.state.scopes,
        done=done,
    )


@router.post("/sign-in/password")
def change_password(
    request: Request, here: Here, by: Doer, old: Field, new: Field, repeated: Repeated
) -> Response:
    """Set another password; all sessions end, this browser gets a new one."""
    _check_repeated(new, repeated)
    token = own.change_password(here, by, old, new, device_of(request))
    response = see("/me?done=password")
    keep_session(request, here, response, token)
    return response


@router.post("/me/tokens")
def make_token(
    request: Request,
    here: Here,
    by: Doer,
    name: Field = "",
    days: Annotated[int, Form()] = 90,
    scope: Annotated[tuple[Scope, ...], Form()] = (),
) -> Response:
    """Make an API token, and show it once."""
    token = tokens.make(here.database, by, name=name, scopes=set(scope), days=days)
    return here.pages.page(
        request,
        "shared/secret.html",
        status=201,
        kind="token",
        secret=token,
        about=name,
        back="/me",
    )


@router.post("/me/tokens/revoke")
def revoke_token(here: Here, by: Doer, token: Annotated[int, Form()]) -> Response:
    """End one of one's own tokens."""
    tokens.revoke(here.database, by, by.actor, token)
    return see("/me?done=token")


@router.get("/link")
def link(request: Request, here: Here, key: Annotated[str, Query()] = "") -> Response:
    """What a one-time link opens."""
    found = links.find(here, key, address_of(request))
    return here.pages.page(
        request,
        "accounts/link.html",
        link=found,
        key=key,
        company=here.provider is not None and found.account is not None,
        company_name=here.settings.oidc_name,
    )


@router.post("/link")
def use_link(
    request: Request,
    here: Here,
    key: Field = "",
    name: Field = "",
    new: Field = "",
    repeated: Repeated = "",
) -> Response:
    """Set the password and sign in."""
    links.find(here, key, address_of(request))
    _check_repeated(new, repeated)
    account, token = links.use(here, key, name, new, address_of(request), device_of(request))
    response = see(service.home_of(account.role))
    keep_session(request, here, response, token)
    return response


def _check_repeated(new: str, repeated: str) -> None:
    if new != repeated:
        raise ContentInvalid("The two passwords are not the same; go back and type both again.")
