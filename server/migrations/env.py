"""Alembic runs this file: steps apply on the connection that `upgrade` holds, in its transaction."""

from typing import Literal

from alembic import context

from server.tables import Instant, metadata


def plain(kind: str, thing: object, _: object) -> str | Literal[False]:
    """Steps name only types of SQLAlchemy: what they did must not change when ours do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    render_item=plain,
)
context.run_migrations()
