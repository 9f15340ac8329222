"""The benchmark of Pairline against bare neonize. See ``python -m bench --help``."""
