"""The administrator's pages: people and the access log."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, Response

from models.vocabulary import Role
from server import access
from server.accounts import links, people, tokens
from server.accounts.routes import Field
from server.pages import see
from server.parts import Doer, Here, Parts

router = APIRouter()
RoleField = Annotated[Role, Form()]
Before = Annotated[int | None, Query(ge=1, lt=2**63)]


@router.get("/people")
def listed(request: Request, here: Here) -> Response:
    """All accounts, and the way to invite somebody."""
    return here.pages.page(
        request, "accounts/people.html", people=people.listing(here), roles=people.ROLES
    )


@router.post("/people")
def invite(request: Request, here: Here, by: Doer, name: Field, role: RoleField) -> Response:
    """Make an account, and show its one-time link once."""
    return _link_page(request, here, people.invite(here, by, name, role), name.strip())


@router.get("/person")
def person(request: Request, here: Here, name: str = "", done: str = "") -> Response:
    """One account; the name stands in the question, as it may hold a slash."""
    return here.pages.page(
        request,
        "accounts/person.html",
        file=people.file(here, name),
        roles=people.ROLES,
        done=done,
        role_claim=bool(here.settings.oidc_role_claim),
    )


@router.post("/person/link")
def renew_link(request: Request, here: Here, by: Doer, name: Field) -> Response:
    """Show a one-time link that sets a new password."""
    return _link_page(request, here, people.renew_link(here, by, name), name)


def _link_page(request: Request, here: Parts, key: str, name: str) -> Response:
    address = f"{str(request.base_url).rstrip('/')}{links.path(key)}"
    return here.pages.page(
        request,
        "shared/secret.html",
        status=201,
        kind="link",
        secret=address,
        about=name,
        back=people.path(name),
    )


@router.post("/person/role")
def change_role(here: Here, by: Doer, name: Field, role: RoleField) -> Response:
    """Give another role."""
    people.change_role(here, by, name, role)
    return see(people.path(name, "role"))


@router.post("/person/close")
def close(here: Here, by: Doer, name: Field) -> Response:
    """End everything that opens something to this account."""
    people.close(here, by, name)
    return see(people.path(name, "closed"))


@router.post("/person/open")
def reopen(here: Here, by: Doer, name: Field) -> Response:
    """Let in again."""
    people.reopen(here, by, name)
    return see(people.path(name, "opened"))


@router.post("/person/sign-out")
def end_sessions(here: Here, by: Doer, name: Field) -> Response:
    """End all of an account's sessions."""
    people.end_sessions(here, by, name)
    return see(people.path(name, "sessions"))


@router.post("/person/tokens/revoke")
def revoke_token(here: Here, by: Doer, name: Field, token: Annotated[int, Form()]) -> Response:
    """End one of an account's tokens."""
    tokens.revoke(here.database, by, name, token)
    return see(people.path(name, "token"))


@router.get("/access-log")
def access_log(request: Request, here: Here, about: str = "", before: Before = None) -> Response:
    """Who changed when who comes in; the newest first."""
    entries = _entries(here, about, before)
    return here.pages.page(
        request,
        "accounts/access_log.html",
        entries=entries,
        about=about,
        before=before,
        older=entries[-1].entry if len(entries) == access.PAGE else None,
    )


@router.get("/api/v1/accounts")
def accounts_api(here: Here) -> Response:
    """All accounts, for programs."""
    return JSONResponse({"accounts": [people.told(person) for person in people.listing(here)]})


@router.get("/api/v1/access-log")
def access_log_api(here: Here, about: str = "", before: Before = None) -> Response:
    """The access log, for programs; `before` goes on after the last one."""
    return JSONResponse({"entries": [access.told(one) for one in _entries(here, about, before)]})


def _entries(here: Parts, about: str, before: int | None) -> list[access.Entry]:
    with here.database.reading() as connection:
        return access.entries(connection, about=about, before=before)
