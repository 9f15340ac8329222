"""Back up and restore an installation: one encrypted file with its rows and its WhatsApp keys.

``encrypted_file`` and ``archive`` define the file format, without Django. ``create`` writes a
backup, ``verify`` reads one completely, and ``restore`` puts one back (``restore_account`` and
``restore_session``: a part of one).
"""
