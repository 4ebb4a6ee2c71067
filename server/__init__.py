"""The memory and the second look."""
