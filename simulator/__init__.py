"""Simulated outside worlds. Nothing here imports the product, nothing of it imports this."""
