"""From what a scan gun types to a code worth starting on."""

# A gun held a moment too long reads the same label again; operators' rule: within 2 s it is a repeat.
REPEAT_S = 2.0


def clean(raw: str) -> str:
    """The code without control characters (guns send Enter, Tab or group separators) and outer blanks."""
    return "".join(sign for sign in raw if sign.isprintable()).strip()


class Scanner:
    """Remembers the last code, so that one pull of the trigger starts one item."""

    def __init__(self, repeat_s: float = REPEAT_S) -> None:
        self._repeat_s = repeat_s
        self._last: tuple[str, float] | None = None

    def scan(self, raw: str, at_s: float) -> str | None:
        """The code of a new item, or None for a repeat or nothing; `at_s` is any clock's seconds.

        A label that stays under the gun keeps repeating and never starts a second item. After a
        clock that jumped backwards nobody can tell, and a bench that ignores scans for an hour
        is worse than an item scanned twice.
        """
        code = clean(raw)
        last, self._last = self._last, (code, at_s) if code else self._last
        repeated = last is not None and last[0] == code and 0 <= at_s - last[1] < self._repeat_s
        return None if repeated or not code else code
