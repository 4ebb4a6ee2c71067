"""Cameras that stay alive: sources of frames, who watches them, and which takes which shot."""
