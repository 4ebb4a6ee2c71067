"""What the machine may do by itself, on which proof, and what became of it: the page for quality leads and auditors."""
