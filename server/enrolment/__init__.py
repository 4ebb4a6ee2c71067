"""Stations: how they get their token, when they were seen, and how they lose it."""
