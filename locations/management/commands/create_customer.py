"""``manage.py create_customer``: create a customer and print it as one JSON object."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from locations.accounts.provisioning import create_customer


class Command(BaseCommand):
    help = (
        "Create an account with its owner, locations and an API key, and print one JSON "
        'object: {"account", "user", "locations": [{"id", "name"}, …], "api_key"}. '
        "The API key is not shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, help="the e-mail address of the owner")
        parser.add_argument("--password", help="prompted for on a terminal if left out")
        parser.add_argument("--account", required=True, metavar="NAME")
        parser.add_argument("--location", required=True, metavar="NAME", nargs="+", action="extend")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"]
        try:
            customer = create_customer(
                email=options["email"],
                password=self._ask_password() if password is None else password,
                account=options["account"],
                locations=options["location"],
            )
        except ValidationError as error:
            raise CommandError(_by_option(error)) from None
        self.stdout.write(json.dumps(customer, cls=DjangoJSONEncoder))

    def _ask_password(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError("Pass --password, or run this on a terminal to enter it.")
        first = getpass("Password: ")
        if first != getpass("Password (again): "):
            raise CommandError("The two passwords differ. Run this again.")
        return first


def _by_option(error: ValidationError) -> str:
    """Format one line per error, with its option."""
    return "\n".join(
        f"--{name}: {sentence}"
        for name, sentences in error.message_dict.items()
        for sentence in sentences
    )
