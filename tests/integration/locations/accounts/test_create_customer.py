from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models.signals import post_save

from locations.accounts.provisioning import create_customer
from locations.models import Account, ApiKey, Location, Member, Role, User
from tests.factory import PASSWORD, make_user

pytestmark = pytest.mark.django_db

ALICE: dict[str, Any] = {
    "email": "alice@example.com",
    "password": PASSWORD,
    "account": "Harbour Group",
    "location": ["Lisbon", "Porto · Norte"],
}


def _run(**options: Any) -> str:
    out = StringIO()
    call_command("create_customer", stdout=out, **{**ALICE, **options})
    return out.getvalue()


def _rows() -> list[int]:
    return [m._default_manager.count() for m in (User, Account, Member, Location, ApiKey)]


def test_it_prints_one_json_object_and_nothing_else() -> None:
    answer = json.loads(_run())

    assert set(answer) == {"account", "user", "locations", "api_key"}
    assert [row["name"] for row in answer["locations"]] == ["Lisbon", "Porto · Norte"]
    assert answer["account"] == str(Account.objects.get().pk)
    assert answer["user"] == str(User.objects.get().pk)
    assert {row["id"] for row in answer["locations"]} == {str(o.pk) for o in Location.objects.all()}


def test_it_creates_an_owner_who_can_sign_in() -> None:
    _run()

    member = Member.objects.get()
    assert (member.role, member.account.name) == (Role.OWNER, "Harbour Group")
    assert authenticate(username="Alice@Example.com", password=PASSWORD) == member.user


def test_it_shows_the_key_and_keeps_only_its_hash() -> None:
    secret = json.loads(_run())["api_key"]

    key = ApiKey.objects.get()
    assert secret.startswith("pl_")
    assert key.key_hash == ApiKey.hash(secret)
    assert secret not in str(key.__dict__)


def test_it_strips_spaces_around_names() -> None:
    _run(email=" alice@example.com ", account=" Harbour Group ", location=[" Lisbon "])

    assert User.objects.get().email == "alice@example.com"
    assert Account.objects.get().name == "Harbour Group"
    assert Location.objects.get().name == "Lisbon"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"email": "alice"}, "--email: Enter a valid email address."),
        ({"email": ""}, "--email: This field is required."),
        ({"email": f"{'a' * 300}@example.com"}, "--email: "),
        ({"password": ""}, "--password: This password is too short."),
        ({"password": "12345678901"}, "--password: This password is entirely numeric."),
        ({"password": "password1"}, "--password: This password is too common."),
        ({"password": "alice@example.com"}, "too similar to the e-mail address"),
        ({"account": "  "}, "--account: This field is required."),
        ({"account": "x" * 121}, "--account: Ensure this value has at most 120 characters"),
        ({"account": "a\x00b"}, "--account: Null characters are not allowed."),
        ({"location": ["Lisbon", ""]}, "--location: This field is required."),
        ({"location": ["x" * 161]}, "--location: Ensure this value has at most 160 characters"),
    ],
)
def test_it_says_what_is_wrong_with_an_option(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        _run(**options)

    assert sentence in str(caught.value)
    assert _rows() == [0, 0, 0, 0, 0]


def test_it_says_all_that_is_wrong_at_once() -> None:
    with pytest.raises(CommandError) as caught:
        _run(email="alice", password="1", account="", location=[""])

    assert {line.split(":")[0] for line in str(caught.value).splitlines()} == {
        "--email",
        "--password",
        "--account",
        "--location",
    }


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com"])
def test_it_says_what_to_do_about_a_known_user(email: str) -> None:
    make_user("alice")

    with pytest.raises(CommandError, match="is already a user"):
        _run(email=email)

    assert _rows() == [1, 0, 0, 0, 0]


def test_it_refuses_addresses_that_differ_by_case_alone() -> None:
    make_user("alice")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ALICE@EXAMPLE.COM", PASSWORD)


def test_it_leaves_nothing_behind_when_it_fails_half_way() -> None:
    """A second one with the same e-mail gets in between the check and the rows."""

    def get_in_between(sender: object, instance: Account, **kwargs: object) -> None:
        User.objects.create_user("Alice@example.com", PASSWORD)

    post_save.connect(get_in_between, sender=Account)
    try:
        with pytest.raises(ValidationError, match="is already a user"):
            create_customer(
                email="alice@example.com", password=PASSWORD, account="A", locations=["L"]
            )
    finally:
        post_save.disconnect(get_in_between, sender=Account)

    assert _rows() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("left_out", ["email", "account", "location"])
def test_it_needs_its_options(left_out: str) -> None:
    options = {name: value for name, value in ALICE.items() if name != left_out}

    with pytest.raises(CommandError, match=f"--{left_out}"):
        call_command("create_customer", **options)


def test_it_needs_at_least_one_location() -> None:
    with pytest.raises(ValidationError, match="Pass at least one location"):
        create_customer(email="alice@example.com", password=PASSWORD, account="A", locations=[])


def _start(*, email: str, stdin: int) -> subprocess.Popen[bytes]:
    arguments = ["--email", email, "--account", "A", "--location", "L"]
    return subprocess.Popen(
        [sys.executable, "manage.py", "create_customer", *arguments],
        cwd=settings.BASE_DIR,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        bufsize=0,
    )


def test_it_asks_for_no_password_without_a_terminal() -> None:
    process = _start(email="alice@example.com", stdin=subprocess.DEVNULL)

    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (1, b"")
    assert b"Pass --password, or run this on a terminal" in err


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (("secret-one", "secret-two"), "The two passwords differ."),
        (("q9!", "q9!"), "--password: This password is too short."),
    ],
)
def test_it_asks_for_the_password_twice_on_a_terminal(typed: tuple[str, str], answer: str) -> None:
    keyboard, terminal = os.openpty()
    process = _start(email="not an address", stdin=terminal)
    assert process.stderr is not None
    shown = b""
    try:
        for prompt, line in zip((b"Password: ", b"(again): "), typed, strict=True):
            while not shown.endswith(prompt):  # what is typed before it is thrown away
                shown += process.stderr.read(1) or pytest.fail(shown.decode())
            os.write(keyboard, line.encode() + b"\n")
        out, rest = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(keyboard)
        os.close(terminal)

    assert (process.returncode, out) == (1, b"")
    assert answer in rest.decode()
    assert typed[0] not in (shown + rest).decode()
