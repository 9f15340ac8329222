"""``manage.py create_customer``: a new customer, printed as one JSON object."""

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
        "Creates an account with its owner, its locations and an API key, and prints one JSON "
        'object: {"account", "user", "locations": [{"id", "name"}, …], "api_key"}. '
        "The key is shown only here."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, help="the owner signs in with it")
        parser.add_argument("--password", help="asked for on a terminal when it is left out")
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
            raise CommandError(_told(error)) from None
        self.stdout.write(json.dumps(customer, cls=DjangoJSONEncoder))

    def _ask_password(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError("Give a --password, or run this on a terminal to be asked for it.")
        first = getpass("Password: ")
        if first != getpass("Password (again): "):
            raise CommandError("The two passwords differ. Run this again.")
        return first


def _told(error: ValidationError) -> str:
    """One line for each sentence, with the option that it is about."""
    return "\n".join(
        f"--{name}: {sentence}"
        for name, sentences in error.message_dict.items()
        for sentence in sentences
    )
