"""What every capability works with, put together once by the app."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from models.grading.policy import Policy
from server import policies
from server.access import By
from server.archive import Archive
from server.database import Database
from server.errors import NotSignedIn
from server.identity import Principal
from server.inventory import Inventory
from server.jobs import Jobs
from server.oidc import Provider
from server.pages import Pages
from server.sealing import Sealer
from server.settings import Settings
from server.signing import Signer
from server.turns import Turns


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One of each, for the whole process."""

    settings: Settings
    database: Database
    archive: Archive
    pages: Pages
    audit_key: bytes
    """What draws cases for blind looks: nobody without it can foretell which."""
    jobs: Jobs
    signer: Signer
    sealer: Sealer
    inventory: Inventory
    turns: Turns
    provider: Provider | None = None
    """The company's sign-in, where one is set."""
    clock: Callable[[], datetime] = utc_now

    @property
    def policy(self) -> Policy:
        """The costs in force; which certificates count is asked for each item."""
        with self.database.reading() as connection:
            return policies.newest(connection)


# async, both: FastAPI would change threads for each of them, in every request.
async def parts(request: Request) -> Parts:
    """The process's parts."""
    found: Parts = request.app.state.parts
    return found


async def principal(request: Request) -> Principal:
    """Who is asking; the gate has already found that they may."""
    found: Principal | None = request.state.principal
    if found is None:
        raise NotSignedIn
    return found


Here = Annotated[Parts, Depends(parts)]
Who = Annotated[Principal, Depends(principal)]


def address_of(request: Request) -> str:
    """Where the request comes from; behind a proxy that is trusted, what the proxy says."""
    return request.client.host if request.client else ""


def by(request: Request, here: Here, who: Who) -> By:
    """Who does it, for the access log."""
    return By(actor=who.name, address=address_of(request), now=here.clock())


Doer = Annotated[By, Depends(by)]
