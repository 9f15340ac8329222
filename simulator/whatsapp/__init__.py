"""A WhatsApp server on the real wire protocol, with phones that scan. See README.md."""
