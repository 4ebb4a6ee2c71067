"""The company's sign-in: what an identity from elsewhere opens here."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection

from models.vocabulary import AccessChange, Role
from server import access, patience
from server.access import By
from server.accounts import federation_queries, link_queries, queries, service, token_queries
from server.accounts.federation_queries import Linked
from server.accounts.queries import Account
from server.errors import AccountClosed, IdentityRefused, LinkInvalid, NothingThere
from server.oidc import Attempt, Identity, Provider, new_attempt
from server.parts import Parts
from server.security import token_sha256

VALID = timedelta(minutes=10)
"""How long somebody may take at the provider, second factor included."""
MAX_NAMES = 1000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Who came in, and where they wanted to go."""

    account: Account
    token: str
    """Of the new session."""
    wanted: str


def _provider(here: Parts) -> Provider:
    if here.provider is None:
        raise NothingThere
    return here.provider


def begin(here: Parts, redirect: str, wanted: str, link_key: str = "") -> tuple[str, str]:
    """Where the browser goes, and what it keeps meanwhile; with the key of a one-time link, to link its account.

    Raises NothingThere, ProviderSilent, IdentityRefused.
    """
    provider, attempt = _provider(here), new_attempt(redirect)
    kept = {
        **asdict(attempt),
        "wanted": wanted[:500],
        "link_key": link_key[:100],
        "at": here.clock().isoformat(),
    }
    return provider.address(attempt), _seal(here).dumps(kept)


def _seal(here: Parts) -> URLSafeSerializer:
    return URLSafeSerializer(here.settings.secret(), salt="company sign-in")


def finish(here: Parts, kept: str, answer: Mapping[str, str], address: str, device: str) -> Arrival:
    """Check what the browser brings back from the provider, and open a session.

    Raises IdentityRefused, LinkInvalid, ProviderSilent, TooManyAttempts, NothingThere.
    """
    provider = _provider(here)
    now = here.clock()
    with here.database.writing() as connection:
        tried = patience.begin(connection, patience.PROVIDER, address, now)
    attempt, wanted, link_key = _opened(here, kept)
    code = _code(here, attempt, answer)
    identity = provider.identity(attempt, code)
    by = By(actor=access.PROVIDER, address=address, now=now)
    with here.database.writing() as connection:
        account = _account_of(here, connection, by, identity, link_key)
        # What is to be kept of a refusal is committed before it is told.
        if isinstance(account, Account):
            patience.forgive(connection, tried)
            token = service.open_session(here, connection, account.name, address, device)
            return Arrival(account=account, token=token, wanted=wanted)
    raise account


def _opened(here: Parts, kept: str) -> tuple[Attempt, str, str]:
    try:
        said = _seal(here).loads(kept)
        begun = datetime.fromisoformat(said.pop("at"))
        wanted, link_key = said.pop("wanted"), said.pop("link_key")
        attempt = Attempt(**said)
    except (BadSignature, KeyError, TypeError, ValueError) as error:
        raise _refused("the browser brought no attempt of ours") from error
    if not timedelta(0) <= here.clock() - begun < VALID:
        raise _refused("the attempt is too old")
    return attempt, wanted, link_key


def _code(here: Parts, attempt: Attempt, answer: Mapping[str, str]) -> str:
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise _refused("the answer belongs to another attempt")
    # RFC 9207: of two providers, the other one's answer is not ours.
    if answer.get("iss", here.settings.oidc_issuer) != here.settings.oidc_issuer:
        raise _refused("the answer names another issuer")
    if "error" in answer or not answer.get("code"):
        raise _refused(f"the provider said {answer.get('error', 'nothing')[:100]}")
    return answer["code"][:4000]


def _account_of(
    here: Parts, connection: Connection, by: By, identity: Identity, link_key: str
) -> Account | IdentityRefused:
    """The account, made where there is none; or the refusal, with what it changed still to commit.

    Raises LinkInvalid, IdentityRefused, with nothing changed.
    """
    known = federation_queries.linked(connection, identity.issuer, identity.subject)
    role = _role_of(here, identity.claims, known)
    if role is None or not _is_allowed(here.settings.oidc_allowed, identity.claims):
        if known is not None:
            # Who may come in no longer is not in any longer either.
            service.end_all(connection, known.name)
            token_queries.revoke_tokens_of(connection, known.name, by.now)
        return _refused(f"{identity.subject} has no right to come in")
    if link_key:
        known = _linked(connection, by, identity, known, link_key)
        role = _role_of(here, identity.claims, known) or role
    elif known is None:
        known = _made(here, connection, by, identity, role)
    _follow(connection, by, known, role)
    return queries.account(connection, known.name) or AccountClosed()


def _linked(
    connection: Connection, by: By, identity: Identity, known: Linked | None, link_key: str
) -> Linked:
    """Link the identity with the account that a one-time link is for, instead of setting its password."""
    key = token_sha256(link_key)
    link = link_queries.link(connection, key, by.now)
    if link is None or link.account is None or not link_queries.use_link(connection, key, by.now):
        raise LinkInvalid
    if known is not None and known.name != link.account:
        raise _refused(f"{identity.subject} has the account {known.name} already")
    if known is None:
        federation_queries.unlink(connection, link.account)
        _keep(connection, by, identity, link.account)
    found = federation_queries.linked(connection, identity.issuer, identity.subject)
    if found is None:
        raise LinkInvalid
    return found


def _follow(connection: Connection, by: By, known: Linked, role: Role) -> None:
    if known.role is not role:
        queries.set_role(connection, known.name, role)
        queries.end_sessions_of(connection, known.name)
        access.note(connection, by, AccessChange.ROLE_CHANGED, known.name, f"{known.role} {role}")


def _keep(connection: Connection, by: By, identity: Identity, name: str) -> None:
    if not federation_queries.link(connection, identity.issuer, identity.subject, name, by.now):
        raise _refused("the same identity came twice at once")
    access.note(connection, by, AccessChange.IDENTITY_LINKED, name, identity.issuer)


def _role_of(here: Parts, claims: Mapping[str, object], known: Linked | None) -> Role | None:
    """What the claim says; without a claim to ask, what the account has or begins with."""
    if not here.settings.oidc_role_claim:
        return known.role if known else Role.OPERATOR
    said = claims.get(here.settings.oidc_role_claim)
    values = said if isinstance(said, list) else [said]
    for one in here.settings.oidc_roles:
        value, _, role = one.rpartition("=")
        if value in values:
            return Role(role)
    return None


def _is_allowed(domains: Sequence[str], claims: Mapping[str, object]) -> bool:
    if not domains:
        return True
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return False
    return email.rpartition("@")[2].lower() in {domain.lower() for domain in domains}


def _made(here: Parts, connection: Connection, by: By, identity: Identity, role: Role) -> Linked:
    """A new account of its own: nobody slips into one that exists because a name is the same."""
    waits = not here.settings.oidc_role_claim
    name = _add(connection, by, identity.claims, role)
    access.note(connection, by, AccessChange.ACCOUNT_MADE, name, role)
    _keep(connection, by, identity, name)
    if waits:
        queries.close_account(connection, name, by.now)
    return Linked(name=name, role=role, closed=waits)


def _add(connection: Connection, by: By, claims: Mapping[str, object], role: Role) -> str:
    wanted = _name_of(claims)
    for number in range(1, MAX_NAMES):
        name = wanted if number == 1 else f"{wanted}-{number}"
        new = Account(name=name, password_hash="", role=role, demo=False)
        if queries.add_account(connection, new, by.now):
            return name
    raise _refused(f"a thousand people are called {wanted}")


def _name_of(claims: Mapping[str, object]) -> str:
    """What people call them, in the letters that names have here."""
    said = (claims.get(claim) for claim in ("preferred_username", "email", "sub"))
    told = next((one for one in said if isinstance(one, str) and one.strip()), "")
    return re.sub(r"[^\w.:@/+-]+", "-", told).strip("-")[:100] or "person"


def _refused(why: str) -> IdentityRefused:
    log.warning("company sign-in refused", why=why)
    return IdentityRefused()
