"""The entry point: where the training extra is missing, one line says so."""

import sys


def main() -> None:
    """Run the commands; exit 2 where what they stand on is not installed."""
    try:
        from training.cli import app  # noqa: PLC0415 - the import is what may fail
    except ModuleNotFoundError as error:
        sys.exit(_told(error))
    app(prog_name="secondlook-training")


def _told(error: ModuleNotFoundError) -> int:
    sys.stderr.write(
        f"secondlook-training: {str(error.name).partition('.')[0]} is not installed; "
        "install the training extra: pip install -c constraints.txt -e '.[training]'\n"
    )
    return 2
