"""How PostgreSQL is asked to work, so that the rest of the house meets it as it meets SQLite."""

from psycopg import Connection, abc
from psycopg.types.string import StrDumper

SECONDS = {
    "statement_timeout": 30,
    # Waiting for a row that another process holds; a write takes milliseconds.
    "lock_timeout": 20,
    # A process that hangs within a transaction must not hold the others' rows for ever.
    "idle_in_transaction_session_timeout": 60,
}
"""Beyond these PostgreSQL ends the statement or the transaction; long work asks for more."""


class WithoutNul(StrDumper):
    """PostgreSQL cannot keep NUL in a text: U+FFFD stands for it, as in intake's columns."""

    def dump(self, obj: str) -> abc.Buffer | None:
        """The text as bytes."""
        return super().dump(obj.replace("\0", "\ufffd"))


def prepare(connection: Connection, _: object) -> None:
    """Set up a new connection."""
    connection.adapters.register_dumper(str, WithoutNul)
    told = "; ".join(f"SET {name} = '{seconds}s'" for name, seconds in SECONDS.items())
    with connection.cursor() as cursor:
        cursor.execute(f"{told}; SET TIME ZONE 'UTC'".encode())
    connection.commit()
