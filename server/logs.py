"""How the server logs: to standard error and, where one is named, to a file that turns over; for people or as JSON."""

import logging
import sys
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.typing import Processor

from server.errors import SettingsInvalid


@dataclass(frozen=True, kw_only=True)
class LogFile:
    """A file that begins anew when it is full."""

    path: Path
    limit_bytes: int
    kept: int
    """How many older ones stay beside it."""


def configure(*, as_json: bool, file: LogFile | None = None) -> None:
    """Set up structlog, and the standard library's loggers (uvicorn's) through it.

    Raises SettingsInvalid when the file cannot be written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(_formatter(shared, as_json=as_json, colors=sys.stderr.isatty()))
    if file is not None:
        handlers.append(_rotating(file))
        handlers[1].setFormatter(_formatter(shared, as_json=as_json, colors=False))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    # Alembic tells every step of every start, uvicorn's access log repeats our own.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


def _formatter(
    shared: list[Processor], *, as_json: bool, colors: bool
) -> structlog.stdlib.ProcessorFormatter:
    render: list[Processor] = [
        structlog.dev.ConsoleRenderer(
            colors=colors,
            # The pretty one prints every local variable: seconds of work, and secrets among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]
    if as_json:
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def _rotating(file: LogFile) -> logging.Handler:
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(
            file.path, maxBytes=file.limit_bytes, backupCount=file.kept, encoding="utf-8"
        )
    except OSError as error:
        raise SettingsInvalid(f"{file.path} cannot be written: {error.strerror}") from error
