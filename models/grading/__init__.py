"""Findings, answers and a standard to scores, a grade, a disposition and a routing."""
