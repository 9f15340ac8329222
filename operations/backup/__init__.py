"""Backup and restore: one encrypted file with the database's rows and WhatsApp's keys.

The format (``sealed_file``, ``archive``) knows nothing of Django. ``making`` writes a backup,
``checking`` reads one whole, ``restoring`` and ``parts`` put one back.
"""
