"""The network front end: proxies and the TLS listener."""
