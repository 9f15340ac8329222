"""``python -m bench neighbours``: one customer's work beside another's attacks."""
