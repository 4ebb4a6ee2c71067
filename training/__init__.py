"""How models get better."""
