"""The table of who may do what: each route, its scope for API tokens, and a column a role."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.vocabulary import Role, Scope
from server.errors import NotAllowed, NotSignedIn, ScopeMissing, SettingsInvalid
from server.identity import Principal

TABLE = Path(__file__).with_name("permissions.csv")
PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Who may do what, by the route's key `METHOD /path/{of}/route`."""

    allowed: Mapping[str, frozenset[str]]
    """The roles that a route is open to, `public` among them for everybody."""
    scopes: Mapping[str, Scope]
    """The scope that opens a route to an API token; a route without one is closed to all of them."""

    def may(self, who: Principal | None, route: str) -> bool:
        """Tells whether the route is open to them; one that the table does not know is closed to all."""
        roles = self.allowed.get(route, frozenset())
        if PUBLIC in roles:
            return True
        return who is not None and who.role in roles and self._in_scope(who, route)

    def _in_scope(self, who: Principal, route: str) -> bool:
        return who.scopes is None or self.scopes.get(route) in who.scopes

    def scopes_of(self, who: Principal) -> tuple[Scope, ...]:
        """What an API token of theirs could open."""
        routes = {scope for route, scope in self.scopes.items() if who.role in self.allowed[route]}
        return tuple(scope for scope in Scope if scope in routes)

    def check(self, route: str, who: Principal | None) -> None:
        """Raises NotSignedIn, NotAllowed or ScopeMissing where the route is closed to them."""
        if self.may(who, route):
            return
        if who is None:
            raise NotSignedIn
        if who.role not in self.allowed.get(route, frozenset()):
            raise NotAllowed
        raise ScopeMissing(self.scopes.get(route))


def read_permissions(path: Path = TABLE) -> Permissions:
    """Read the table: a scope or nothing, and a column a role, `yes` or nothing.

    Raises SettingsInvalid, naming the place.
    """
    columns = ["route", "scope", PUBLIC, *Role]
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != columns:
            raise SettingsInvalid(
                f"{path.name}: columns should be {columns}, got {rows.fieldnames}"
            )
        allowed: dict[str, frozenset[str]] = {}
        scopes: dict[str, Scope] = {}
        for row in rows:
            route, where = row["route"], f"{path.name}:{rows.line_num}"
            if route in allowed:
                raise SettingsInvalid(f"{where}: {route} should stand here once")
            allowed[route] = _roles(where, row)
            if row["scope"]:
                scopes[route] = _scope(where, row["scope"])
    return Permissions(allowed=allowed, scopes=scopes)


def _scope(where: str, value: str) -> Scope:
    try:
        return Scope(value)
    except ValueError as error:
        known = " ".join(Scope)
        raise SettingsInvalid(
            f"{where}: a scope should be empty or one of {known}, got {value}"
        ) from error


def _roles(where: str, row: Mapping[str, str]) -> frozenset[str]:
    said = {role: value for role, value in row.items() if role not in {"route", "scope"}}
    wrong = sorted({str(value) for value in said.values()} - {"yes", ""})
    if wrong:
        raise SettingsInvalid(f"{where}: a cell should be yes or empty, got {wrong[0]}")
    roles = frozenset(role for role, value in said.items() if value)
    if PUBLIC in roles and len(roles) < len(said):
        raise SettingsInvalid(f"{where}: what is public should say yes for every role")
    return roles
