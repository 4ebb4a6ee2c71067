"""Looking things up: the list of returns and one return's file."""
