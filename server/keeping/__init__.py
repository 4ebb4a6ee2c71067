"""Keeping what was entrusted: the archive's state, scrub, orphans, retention, holds, and all long jobs."""
