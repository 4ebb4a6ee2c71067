"""Who may come in: sign in, sign out, stations and their tokens."""
