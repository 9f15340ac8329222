"""Users from before addresses were verified."""

from __future__ import annotations

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.test import Client

from locations.models import User
from tests.factory import PASSWORD
from tests.integration.locations.auth.conftest import sign_in

pytestmark = pytest.mark.django_db


def test_it_still_signs_in_users_of_older_versions(browser: Client) -> None:
    User.objects.bulk_create([User(email="Dana@Example.com", password=make_password(PASSWORD))])
    migration = import_module("locations.migrations.0005_verified_addresses")

    for _ in range(2):  # a second time changes nothing
        migration.vouch_for_everybody(apps, None)

    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("dana@example.com", True, True)
    assert sign_in(browser, "dana@example.com")["Location"] == "/"
