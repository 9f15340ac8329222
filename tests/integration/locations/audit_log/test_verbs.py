from __future__ import annotations

import pytest
from django.db.models import TextChoices

from locations.audit import AccountVerb, record, register_verbs, verb_choices
from locations.models import Account, AuditEvent, Role
from locations.principals import principal_of_user
from sessions_app.audit_verbs import SessionVerb
from tests.factory import make_user


class UnknownVerb(TextChoices):
    FLEW_AWAY = "flew_away", "Flew away"


def test_it_lists_the_verbs_of_all_apps() -> None:
    values = [value for value, _ in verb_choices()]

    assert {"invited", "session_created", "text_sent", "webhook_created"} < set(values)
    assert values.index(SessionVerb.SESSION_CREATED) == 1 + values.index(
        AccountVerb.STOPPED_VIEWING
    )


def test_it_refuses_a_verb_that_is_registered_twice() -> None:
    with pytest.raises(ValueError, match="session_created"):
        register_verbs(SessionVerb)


@pytest.mark.django_db
def test_it_refuses_to_record_an_unregistered_verb(account: Account) -> None:
    alice = principal_of_user(make_user("alice", account, Role.OWNER), account.pk)
    with pytest.raises(ValueError, match="flew_away"):
        record(alice, account.pk, UnknownVerb.FLEW_AWAY)

    assert not AuditEvent.objects.exists()
