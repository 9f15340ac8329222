"""The benchmark: Pairline side by side with bare neonize. ``python -m bench --help``"""
