"""Every page and action of the admin, requested by users without permission."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from core.web.admin_base import ReadOnlyAdmin
from locations.audit_log.operators import RecordedAdmin
from locations.models import Role, User
from tests.architecture.addresses import ADMIN
from tests.architecture.rows import MAKERS, Rows
from tests.factory import make_account, make_user

pytestmark = pytest.mark.django_db

SIGN_IN = "/admin/login/"
# Django's own sign-in and sign-out, and its translation catalog for scripts.
OPEN = {"login", "logout", "jsi18n"}


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif pattern.name not in OPEN:
            yield str(pattern.name or route), route


ROUTES = sorted(
    route
    for _, route in _routes(get_resolver().url_patterns, "")
    if route.startswith(ADMIN) and "(?P" not in route
)


def _actions() -> list[tuple[str, str]]:
    """Return (changelist, action) of every registered action that a superuser can use."""
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_staff=True)
    return [
        (f"/admin/{model._meta.app_label}/{model._meta.model_name}/", name)
        for model, page in admin.site._registry.items()
        for name in page.get_actions(request)
    ]


ACTIONS = _actions()


def _filled(route: str) -> str:
    return "/" + re.sub(r"<[^>]+>", lambda _: str(uuid.uuid4()), route)


def _signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def rows() -> Rows:
    return Rows(make_account())


@pytest.fixture
def owner(rows: Rows) -> Client:
    """alice, who owns an account but is no operator."""
    return _signed_in(make_user("alice", rows.account, Role.OWNER))


@pytest.fixture
def staff() -> Client:
    """A member of staff without permissions."""
    return _signed_in(User.objects.create_user("new@example.com", "x", is_staff=True))


def test_it_finds_pages_and_actions() -> None:
    assert "admin/sessions_app/session/" in ROUTES
    assert ("/admin/sessions_app/session/", "unlink") in ACTIONS


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", ROUTES)
def test_it_redirects_owners_to_the_sign_in(route: str, method: str, owner: Client) -> None:
    answer = getattr(owner, method)(_filled(route))

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, SIGN_IN)


@pytest.mark.parametrize("route", ROUTES)
def test_it_redirects_anonymous_visitors_to_the_sign_in(route: str) -> None:
    answer = Client().get(_filled(route))

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, SIGN_IN)


@pytest.mark.parametrize(("page", "action"), ACTIONS)
def test_it_refuses_actions_of_owners(page: str, action: str, owner: Client, rows: Rows) -> None:
    answer = owner.post(page, _chosen(page, action, rows))

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, SIGN_IN)


@pytest.mark.parametrize(("page", "action"), ACTIONS)
def test_it_refuses_actions_of_staff_without_permission(
    page: str, action: str, staff: Client, rows: Rows
) -> None:
    assert staff.post(page, _chosen(page, action, rows)).status_code == 403


def _chosen(page: str, action: str, rows: Rows) -> dict[str, str]:
    """Return the form data that confirms ``action`` on the account's row of that page."""
    makers = {name.lower(): name for name in MAKERS}
    model = makers.get(page.strip("/").split("/")[-1])
    pk = rows.of(model).pk if model else rows.account.pk
    return {"action": action, ACTION_CHECKBOX_NAME: str(pk), "sure": "yes"}


# Its own actions write the audit log (sessions_app/support/actions.py).
RECORDS_ITSELF = {"SupportBundle"}


def test_it_records_what_operators_change_for_customers() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_staff=True)
    silent = [
        model.__name__
        for model, page in admin.site._registry.items()
        if _is_of_a_customer(model)
        and not isinstance(page, RecordedAdmin | ReadOnlyAdmin)
        and (page.has_add_permission(request) or page.has_change_permission(request))
    ]

    assert set(silent) == RECORDS_ITSELF


def _is_of_a_customer(model: type[Model]) -> bool:
    names = {field.name for field in model._meta.get_fields()}
    return bool(names & {"account", "accounts", "memberships", "members"})
