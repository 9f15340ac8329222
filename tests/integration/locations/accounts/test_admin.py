"""Operators read invitations and the audit log, and change neither."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, AuditEvent, Invitation, User
from tests.factory import PASSWORD
from tests.integration.locations.accounts.conftest import token_in_mail


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", PASSWORD))
    return client


@pytest.fixture
def invitation(alice: Client, account: Account) -> Invitation:
    alice.post(reverse("invite", args=[account.pk]), {"email": "d@example.com", "role": "viewer"})
    found: Invitation = Invitation.objects.get()
    return found


@pytest.mark.parametrize("model", [Invitation, AuditEvent])
def test_it_lets_operators_read_and_change_nothing(
    operator: Client, invitation: Invitation, model: type[Invitation] | type[AuditEvent]
) -> None:
    row, name = model.objects.get(), model._meta.model_name
    listed = operator.get(reverse(f"admin:locations_{name}_changelist"))
    page = operator.get(reverse(f"admin:locations_{name}_change", args=[row.pk]))

    for answer in (listed, page):
        assert answer.status_code == 200
        assert "d@example.com" in answer.text
        assert token_in_mail() not in answer.text
        assert invitation.token_hash not in answer.text
    assert 'name="_save"' not in page.text
    assert operator.get(reverse(f"admin:locations_{name}_add")).status_code == 403
    address = reverse(f"admin:locations_{name}_delete", args=[row.pk])
    assert operator.post(address, {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_it_deletes_links_with_their_account(operator: Client, invitation: Invitation) -> None:
    address = reverse("admin:locations_account_delete", args=[invitation.account_id])

    operator.post(address, {"post": "yes"})

    assert not Invitation.objects.exists()
    assert not AuditEvent.objects.exists()
