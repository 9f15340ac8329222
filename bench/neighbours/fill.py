"""Fill an account with messages and webhook deliveries, by the million.

Runs as a process of its own with the product's environment (``python -m bench.neighbours.fill``).
The database copies one row of each itself, which takes a tenth of the time of inserting them.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

# A new value of a UUID column, and the numbers from 1, by the kind of database.
_UUID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) ",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {count})) ",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--email", required=True, help="an owner of the account to fill")
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--deliveries", type=int, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from core import tenancy

    with tenancy.everyone():
        message, delivery = _first_rows(options.email)
        _copy(message, options.messages)
        _copy(delivery, options.deliveries)


def _first_rows(email: str) -> tuple[Any, Any]:
    """Create an unlinked session with a message, and a webhook with a delivery."""
    from conversations.models import Message
    from locations.models import Location, Member
    from notifications.models import Delivery, Webhook
    from sessions_app.models import Session

    account = Member.objects.get(user__email=email).account_id
    location = Location.objects.filter(account=account).order_by("-name")[0]
    session = Session.objects.create(
        account_id=account, location=location, status="disconnected", reason="unlinked",
        wanted="unlinked", created_by=email,
    )  # fmt: skip
    message = Message.objects.create(
        account_id=account, session=session, direction="in", status="received",
        peer="+351911111111", text="Thank you, until then! " * 4,
    )  # fmt: skip
    webhook = Webhook.objects.create(
        account_id=account, url="https://example.com/hook", events=["message.received"]
    )
    delivery = Delivery.objects.create(
        account_id=account, webhook=webhook, kind="message.received", message_id=message.pk,
        state="delivered",
    )  # fmt: skip
    return message, delivery


def _copy(row: Any, count: int) -> None:
    """Insert ``count`` copies of ``row``, each with an id of its own."""
    from django.db import connection

    kind = connection.vendor
    table = connection.ops.quote_name(row._meta.db_table)
    columns = [connection.ops.quote_name(field.column) for field in row._meta.concrete_fields]
    values = [_UUID[kind] if column == '"id"' else f"{table}.{column}" for column in columns]
    key = row._meta.pk.get_db_prep_value(row.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_NUMBERS[kind].format(count=count)}INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  no input
            f'SELECT {", ".join(values)} FROM {table}, n WHERE {table}."id" = %s',
            [key],
        )
        if kind == "postgresql":
            cursor.execute(f"ANALYZE {table}")


if __name__ == "__main__":
    main()
