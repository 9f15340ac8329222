#!/usr/bin/env python
"""Django's command line for Pairline."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.file_modes import keep_files_private
    from core import tenancy

    keep_files_private("".join(sys.argv[1:2]))
    try:
        with tenancy.everyone():  # users of the command line have access to the whole database
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Pairline cannot start: {error}")


if __name__ == "__main__":
    main()
