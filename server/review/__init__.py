"""The second look: a queue of cases, each served to one person at a time."""
