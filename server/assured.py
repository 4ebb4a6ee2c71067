"""What automatic decisions rest on stands in the chain of hashes too: costs, certificates, and what ended or freed them.

So an auditor can see with `secondlook-server verify` that none was slipped in, changed or taken out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from server import chain
from server.chain import Entry, canonical, sha256
from server.database import insert_once
from server.tables import certificates, clearances, policies, revocations
from server.tables import chain as entries_kept

COSTS, CERTIFICATE, REVOCATION, CLEARANCE = "costs", "certificate", "revocation", "clearance"
KEPT: Mapping[str, tuple[Table, str]] = {
    COSTS: (policies, "version"),
    CERTIFICATE: (certificates, "certificate_id"),
    REVOCATION: (revocations, "certificate_id"),
    CLEARANCE: (clearances, "alarm"),
}
"""Kind of entry → where such records are kept, and the column that names them."""


def add(connection: Connection, kind: str, row: Mapping[str, Any]) -> bool:
    """Keep a record once, with an entry of its own; tells whether it is new."""
    table, key = KEPT[kind]
    if not insert_once(connection, table, dict(row)):
        return False
    name = str(row[key])
    content = chain.content_of(kind, name, _text(row), {})
    chain.append(connection, kind=kind, name=name, content=content)
    return True


def _text(row: Mapping[str, Any]) -> str:
    told = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}
    return canonical(told)


def faults(connection: Connection, entries: Sequence[Entry]) -> Iterator[str]:
    """What is wrong with the records that these entries name."""
    for kind, (table, key) in KEPT.items():
        own = [entry for entry in entries if entry.kind == kind]
        names = [_key(kind, entry.name) for entry in own]
        found = select(table).where(table.c[key].in_(names))
        kept = connection.execute(found).mappings() if own else ()
        rows = {str(row[key]): {str(k): v for k, v in row.items()} for row in kept}
        for entry in own:
            if entry.name not in rows:
                yield f"{kind} {entry.name} of entry {entry.position} was removed"
            elif f'"{sha256(_text(rows[entry.name]))}"' not in entry.content:
                yield f"{kind} {entry.name} of entry {entry.position} was changed"


def _key(kind: str, name: str) -> str | int:
    return int(name) if kind in {COSTS, CLEARANCE} else name


def strangers(connection: Connection) -> Iterator[str]:
    """Records that no entry names: put in beside the program. The shipped costs need none."""
    for kind, (table, key) in KEPT.items():
        entered = select(entries_kept.c.name).where(entries_kept.c.kind == kind)
        known = set(connection.execute(entered).scalars())
        for name in connection.execute(select(table.c[key]).order_by(table.c[key])).scalars():
            if str(name) not in known and (kind, name) != (COSTS, 1):
                yield f"{kind} {name} is not in the chain: somebody put it in"
