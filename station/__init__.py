"""One bench: from a scan to a verdict, and safely to the server."""
