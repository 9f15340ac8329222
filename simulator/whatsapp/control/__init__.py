"""The control API and its web page."""
