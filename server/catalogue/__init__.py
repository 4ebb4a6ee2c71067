"""How new items look: reference photos per SKU, uploaded, imported from a list, or taken from a grade A."""
