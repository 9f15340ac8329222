"""A WhatsApp server that speaks the real wire protocol, with simulated phones. See README.md."""
