"""Tenant data is out of reach outside a tenant scope, for every model that has an account."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.test.signals import template_rendered
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response

from core import tenancy
from core.data.db_threads import Transactions
from locations.models import Account, ApiKey, Location, Role, TenantQuerySet, User
from locations.rest.base_view import ApiView
from sessions_app.pages.live_updates import (
    Access,
    Viewer,
    admit,
    read_listing,
    read_session,
    read_summary,
)
from sessions_app.pages.number_list import Query
from tests.architecture.rows import Rows
from tests.factory import make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db


def _parents(model: type[Model]) -> Iterator[type[Model]]:
    for field in model._meta.concrete_fields:
        if field.remote_field is not None and field.related_model is not None:
            yield field.related_model


def _owned() -> list[type[Model]]:
    """Return Account, the models with an account, and those that refer to one of them."""
    ours = [model for model in apps.get_models() if "site-packages" not in (_file(model))]
    direct = [model for model in ours if Account in _parents(model)]
    below = [model for model in ours if set(direct) & set(_parents(model))]
    return [Account, *dict.fromkeys([*direct, *below])]


def _file(model: type[Model]) -> str:
    return apps.get_app_config(model._meta.app_label).path


OWNED = _owned()
each_model = pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)


def test_it_finds_the_models_that_belong_to_accounts() -> None:
    assert {"Account", "Member", "Location", "Session", "Message", "EarlyReceipt"} <= {
        model.__name__ for model in OWNED
    }


@each_model
def test_it_scopes_every_manager(model: type[Model]) -> None:
    for manager in model._meta.managers:
        assert issubclass(getattr(manager, "_queryset_class", object), TenantQuerySet), manager


@each_model
def test_it_raises_for_queries_outside_a_scope(model: Any) -> None:
    with tenancy.no_one(), pytest.raises(tenancy.OutsideTenant, match=model.__name__):
        model.objects.all()


@each_model
def test_it_returns_rows_of_the_tenant_only(model: Any) -> None:
    ours = Rows(make_account("Ours")).of(model.__name__)
    theirs = Rows(make_account("Theirs")).of(model.__name__)

    for own, foreign in [(ours, theirs), (theirs, ours)]:
        with tenancy.of_accounts([_account_of(own)]):
            seen = set(model.objects.values_list("pk", flat=True))
        assert own.pk in seen
        assert foreign.pk not in seen


def _account_of(row: Any) -> Any:
    if isinstance(row, Account):
        return row.pk
    if hasattr(row, "account_id"):
        return row.account_id
    return (row.member if hasattr(row, "member") else row.session).account_id


@pytest.mark.parametrize(
    "relation",
    [relation for relation in Account._meta.related_objects if relation.related_model in OWNED],
    ids=lambda relation: relation.name,
)
def test_it_raises_for_related_rows_outside_a_scope(relation: Any) -> None:
    account = make_account()

    with tenancy.no_one(), pytest.raises(tenancy.OutsideTenant):
        getattr(account, relation.get_accessor_name()).all()


def test_it_raises_for_writes_outside_a_scope() -> None:
    account = make_account()

    with tenancy.no_one(), pytest.raises(tenancy.OutsideTenant):
        Location.objects.create(account=account, name="Lisbon")


def test_it_names_the_remedy_in_its_error() -> None:
    with tenancy.no_one(), pytest.raises(tenancy.OutsideTenant) as fault:
        Location.objects.count()

    assert "tenancy.of_accounts" in str(fault.value)


# --- entry points -------------------------------------------------------------------------


def _scope() -> list[str] | str | None:
    scope = tenancy.current()
    if scope is None or scope is tenancy.EVERYONE:
        return None if scope is None else "everyone"
    return sorted(str(account) for account in scope)


def show_scope(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"scope": _scope()})


class ScopeOfKey(ApiView):
    def get(self, request: Request) -> Response:
        return Response({"scope": _scope()})


urlpatterns = [
    path("open/", login_not_required(show_scope)),
    path("closed/", show_scope),
    path("key/", ScopeOfKey.as_view()),
]


@pytest.fixture
def probes(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.usefixtures("probes")
def test_it_starts_a_request_without_a_scope() -> None:
    assert tenancy.current() is tenancy.EVERYONE

    assert Client().get("/open/").json() == {"scope": None}
    assert tenancy.current() is tenancy.EVERYONE


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("role", Role)
def test_it_gives_users_the_scope_of_their_accounts(role: Role) -> None:
    account = make_account()
    make_account("Elsewhere")
    client = _signed_in(make_user("bob", account, role))

    assert client.get("/closed/").json() == {"scope": [str(account.pk)]}


@pytest.mark.usefixtures("probes")
def test_it_treats_operators_as_ordinary_users_outside_the_admin() -> None:
    make_account("Elsewhere")
    operator = User.objects.create_superuser("op@example.com", "x")

    assert _signed_in(operator).get("/closed/").json() == {"scope": []}


@pytest.mark.usefixtures("probes")
def test_it_gives_no_scope_to_an_inactive_user() -> None:
    user = make_user("bob", make_account())
    client = _signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/open/").json() == {"scope": None}


@pytest.mark.usefixtures("probes")
def test_it_gives_a_key_the_scope_of_its_account() -> None:
    account = make_account()
    make_account("Elsewhere")
    _, secret = ApiKey.issue(account, "Reminders")

    answer = Client().get("/key/", headers={"Authorization": f"Bearer {secret}"})

    assert answer.json() == {"scope": [str(account.pk)]}


def test_it_shows_all_accounts_to_operators_in_the_admin() -> None:
    for name in ("One", "Two"):
        make_location(make_account(name), f"Place {name}")
    operator = _signed_in(User.objects.create_superuser("op@example.com", "x"))

    page = operator.get("/admin/locations/location/").content.decode()

    assert "Place One" in page
    assert "Place Two" in page


@pytest.fixture
def rendered() -> Iterator[list[tenancy.Scope]]:
    """The scopes in which templates are rendered during a test."""
    found: list[tenancy.Scope] = []

    def note(sender: object, **kwargs: object) -> None:
        found.append(tenancy.current())

    template_rendered.connect(note)
    yield found
    template_rendered.disconnect(note)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["session", "overview", "list"])
async def test_it_opens_the_scope_of_a_sockets_user(
    page: str, rendered: list[tenancy.Scope]
) -> None:
    user, session, login = await sync_to_async(_user_and_session)()
    viewer = Viewer(user.pk, login)
    rendered.clear()

    with tenancy.no_one():
        if page == "session":
            frame = await read_session(viewer, session.pk)
        elif page == "overview":
            frame = await read_summary(viewer, await _access(viewer))
        else:
            frame = await read_listing(viewer, await _access(viewer), Query())

    assert frame is not None
    assert set(rendered) == {frozenset({session.account_id})}


async def _access(viewer: Viewer) -> Access:
    access = await admit(viewer)
    assert access is not None
    return access


def _user_and_session() -> tuple[User, Any, str]:
    account = make_account()
    user = make_user("alice", account)
    client = _signed_in(user)
    return user, make_session(make_location(account)), str(client.session.session_key)


async def test_it_gives_the_gateway_all_accounts() -> None:
    with tenancy.no_one():
        assert await Transactions().run(tenancy.current) is tenancy.EVERYONE


async def test_it_keeps_the_scope_in_threads_of_asgiref() -> None:
    with tenancy.of_accounts([]):
        assert await sync_to_async(tenancy.current, thread_sensitive=False)() == frozenset()


def test_it_starts_a_new_thread_without_a_scope() -> None:
    found: list[tenancy.Scope] = []
    thread = threading.Thread(target=lambda: found.append(tenancy.current()))
    thread.start()
    thread.join()

    assert found == [None]
