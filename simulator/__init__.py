"""Simulated external services. This package and the product never import each other."""
