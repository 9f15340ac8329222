"""Reports of a mail provider, in its own format, at the URL configured for it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from config.mail_provider import provider_settings, provider_urls
from core import tenancy
from locations.models import Account
from notifications.mail import bounces
from notifications.mail.message import message_id_of
from notifications.models import Mail, Notice, StoppedAddress
from tests.factory import make_account, make_mail, make_user
from tests.integration.notifications.mail.post_office import at_work, open_office, run, until

SECRET = "postmark:a long word"
ADDRESS = "/anymail/postmark/tracking/"
POSTMARKS_ID = "883953f4-6105-42a2-a16a-77a8eac79483"


@pytest.fixture(autouse=True)
def _postmark(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.integration.notifications.mail.postmark_urls"
    settings.EMAIL_PROVIDER = "postmark"
    for name, value in provider_settings("postmark", "", SECRET).items():
        setattr(settings, name, value)
    bounces.connect()


@pytest.fixture
def account(db: None) -> Account:
    account = make_account()
    make_user("alice", account)
    return account


def _bounce(mail: Mail | None, **fields: Any) -> dict[str, Any]:
    """Return a report in the format of Postmark's documentation."""
    return {
        "RecordType": "Bounce",
        "MessageStream": "outbound",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": POSTMARKS_ID,
        "Metadata": {"mail": str(mail.pk)} if mail else {},
        "ServerID": 23,
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 The email account does not exist.",
        "Email": "bob@example.com",
        "From": "pairline@example.com",
        "BouncedAt": "2026-11-05T16:33:54.9070259Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Harbour Dental lost its connection",
        **fields,
    }


def _report(body: dict[str, Any], secret: str = SECRET) -> int:
    """Return the response status to ``body``, outside a tenant scope."""
    key = base64.b64encode(secret.encode()).decode()
    headers = {"Authorization": f"Basic {key}"} if secret else {}
    with tenancy.no_one():
        answer = Client(raise_request_exception=False).post(
            ADDRESS, json.dumps(body), content_type="application/json", headers=headers
        )
    return answer.status_code


def test_it_suppresses_a_bounced_address_and_notifies_owners(account: Account) -> None:
    mail = make_mail(account, to="bob@example.com", state="sent")

    assert _report(_bounce(mail)) == 200

    mail.refresh_from_db()
    assert mail.state == "bounced"
    assert mail.error.startswith("Mails to this address bounced. (smtp;550 5.1.1")
    assert StoppedAddress.objects.get().email == "bob@example.com"
    assert Notice.objects.get().facts["email"] == "bob@example.com"


@pytest.mark.parametrize("secret", ["", "postmark:wrong"])
def test_it_rejects_reports_without_the_secret(account: Account, secret: str) -> None:
    mail = make_mail(account, to="bob@example.com", state="sent")

    assert _report(_bounce(mail), secret) == 400

    mail.refresh_from_db()
    assert mail.state == "sent"
    assert not StoppedAddress.objects.exists()


def test_it_finds_the_mail_by_either_id(account: Account) -> None:
    by_ours = make_mail(account, to="bob@example.com", state="sent")
    by_theirs = make_mail(account, to="bob@example.com", state="sent", provider_id=POSTMARKS_ID)

    _report(_bounce(None, MessageID=message_id_of(by_ours.pk)))
    _report(_bounce(None))

    states = Mail.objects.filter(pk__in=[by_ours.pk, by_theirs.pk]).values_list("state", flat=True)
    assert list(states) == ["bounced", "bounced"]


def test_it_ignores_the_mail_of_another_recipient(account: Account) -> None:
    mail = make_mail(account, to="alice@example.com", state="sent")

    _report(_bounce(mail, Email="bob@example.com"))

    mail.refresh_from_db()
    assert mail.state == "sent"
    assert StoppedAddress.objects.get().email == "bob@example.com"


def test_it_suppresses_addresses_that_complain(account: Account) -> None:
    mail = make_mail(account, to="bob@example.com", state="sent")

    _report(_bounce(mail, RecordType="SpamComplaint", Type="SpamComplaint"))

    mail.refresh_from_db()
    assert mail.state == "bounced"
    assert "as spam" in StoppedAddress.objects.get().why


@pytest.mark.parametrize(("kind", "state"), [("DMARCPolicy", "failed"), ("Transient", "sent")])
def test_it_suppresses_no_address_for_other_faults(account: Account, kind: str, state: str) -> None:
    mail = make_mail(account, to="bob@example.com", state="sent")

    assert _report(_bounce(mail, Type=kind)) == 200

    mail.refresh_from_db()
    assert mail.state == state
    assert not StoppedAddress.objects.exists()


_INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. "
    "Found inactive addresses: inactive@example.com. "
    "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
)


class _Postmark(BaseHTTPRequestHandler):
    """Accept mails as Postmark's API does."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        known = body["To"] != "inactive@example.com"
        answer = {
            "To": body["To"],
            "SubmittedAt": "2026-11-05T16:33:54.9070259Z",
            "MessageID": POSTMARKS_ID,
            "ErrorCode": 0 if known else 406,
            "Message": "OK" if known else _INACTIVE,
        }
        content = json.dumps(answer).encode()
        self.send_response(200 if known else 422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def api(settings: Settings) -> Iterator[list[dict[str, Any]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Postmark)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    _Postmark.asked.clear()
    for name, value in provider_settings("postmark", "the key", SECRET).items():
        setattr(settings, name, value)
    settings.ANYMAIL["POSTMARK_API_URL"] = f"http://127.0.0.1:{server.server_port}/"
    yield _Postmark.asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.django_db(transaction=True)
async def test_it_sends_by_the_api_of_the_provider(api: list[dict[str, Any]]) -> None:
    mail = await run(lambda: make_mail(None, to="bob@example.com"))
    gone = await run(lambda: make_mail(None, to="inactive@example.com"))

    async with at_work():
        await until(lambda: not Mail.objects.filter(state="waiting").exists(), "both outcomes")

    sent = await run(lambda: Mail.objects.get(pk=mail.pk))
    assert (sent.state, sent.provider_id) == ("sent", POSTMARKS_ID)
    assert (await run(lambda: Mail.objects.get(pk=gone.pk))).state == "bounced"
    body = next(one for one in api if one["To"] == "bob@example.com")
    assert body["Metadata"] == {"mail": str(mail.pk)}
    assert {"Name": "Auto-Submitted", "Value": "auto-generated"} in body["Headers"]


@pytest.mark.django_db(transaction=True)
async def test_it_passes_our_id_to_postmark_over_smtp(
    settings: Settings, unused_tcp_port: int
) -> None:
    mail = await run(lambda: make_mail(None, to="bob@example.com"))

    with open_office(settings, unused_tcp_port) as office:
        async with at_work():
            await until(lambda: Mail.objects.filter(state="sent").exists(), "the outcome")

    assert office.mails[0]["X-PM-Metadata-mail"] == str(mail.pk)


def test_it_checks_the_settings_of_a_provider() -> None:
    with pytest.raises(ImproperlyConfigured, match="pip install 'django-anymail"):
        provider_settings("postmark", "", SECRET, find=lambda name: None)
    for secret in ("", "word", ":", "name:"):
        with pytest.raises(ImproperlyConfigured, match="EMAIL_WEBHOOK_SECRET"):
            provider_settings("postmark", "", secret)


@pytest.mark.parametrize("provider", ["postmark", "brevo", "resend", "sparkpost"])
def test_it_has_a_report_url_for_each_provider(provider: str) -> None:
    (url,) = provider_urls(provider)

    assert str(url.pattern) == f"anymail/{provider}/tracking/"
    assert provider_settings(provider, "key", SECRET)["EMAIL_BACKEND"].split(".")[2] == provider


def test_it_has_no_report_url_without_a_provider() -> None:
    assert provider_urls("") == []
    assert provider_settings("", "", "") == {}
