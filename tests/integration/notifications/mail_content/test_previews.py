"""The operators' gallery of all mails."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import User
from notifications.mail_content.samples import samples

pytestmark = pytest.mark.django_db
PAGE = "/admin/mails/"
ONE = f"{PAGE}lost-logged_out/"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("op@example.com", "x", is_staff=True)


@pytest.fixture
def operator(client: Client, staff: User) -> Client:
    staff.user_permissions.add(Permission.objects.get(codename="view_mail"))
    client.force_login(staff)
    return client


def test_it_is_linked_from_the_admin_index(operator: Client) -> None:
    assert f'href="{PAGE}"' in operator.get(reverse("admin:index")).text


@pytest.mark.parametrize("path", [PAGE, ONE, f"{ONE}preview/"])
def test_it_requires_permission_to_view_mails(client: Client, staff: User, path: str) -> None:
    client.force_login(staff)

    assert client.get(path).status_code == 403


def test_it_lists_every_mail_with_its_subject(operator: Client) -> None:
    page = operator.get(PAGE).text

    assert set(re.findall(r'href="/admin/mails/([\w-]+)/"', page)) == set(samples())
    assert "Harbour Dental · Lisbon: The link was removed on the phone" in page


def test_it_shows_a_mail_in_a_sandboxed_frame(operator: Client) -> None:
    answer = operator.get(ONE)

    assert 'sandbox="allow-popups"' in answer.text
    assert f'src="{ONE}preview/?form=html&amp;width=desktop' in answer.text
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_it_allows_the_mail_nothing_but_inline_styles(operator: Client) -> None:
    answer = operator.get(f"{ONE}preview/")

    rules = dict(
        rule.strip().split(" ", 1) for rule in answer["Content-Security-Policy"].split(";") if rule
    )
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "base-uri": "'none'",
        "sandbox": "allow-popups",
    }
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "Get a new code" in answer.text


def test_it_applies_each_display_option(operator: Client) -> None:
    def shown(**look: str) -> str:
        return operator.get(f"{ONE}preview/", look).text

    assert "@media not all" in shown() and "@media all" in shown(colours="dark")
    assert 'dir="rtl"' in shown(language="ar") and 'dir="rtl"' not in shown()
    assert "and 31 more" in shown(count="several") and "31 more" not in shown()
    text = operator.get(f"{ONE}preview/", {"form": "text"})
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert text.text.startswith("Scan a new code")
    assert 'class="preview phone"' in operator.get(ONE, {"width": "phone"}).text


def test_it_ignores_unknown_display_options(operator: Client) -> None:
    odd = operator.get(f"{ONE}preview/", {"language": "../x", "form": "", "count": "-1"})

    assert odd.text == operator.get(f"{ONE}preview/").text


def test_it_returns_404_for_an_unknown_mail(operator: Client) -> None:
    assert operator.get(f"{PAGE}nonsense/").status_code == 404
    assert operator.get(f"{PAGE}nonsense/preview/").status_code == 404
