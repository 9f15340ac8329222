"""The signature, verified as described in the how-to guide."""

from __future__ import annotations

from notifications.models.webhook import new_secret
from notifications.webhooks.signature import signature

BODY = b'{"type":"webhook.test"}'


def test_it_signs_time_and_body() -> None:
    # printf '%s' '1780000000.{"type":"webhook.test"}' | openssl dgst -sha256 -hmac whsec_test
    assert signature("whsec_test", 1_780_000_000, BODY) == (
        "t=1780000000,v1=4a6c950cbfaa3ae1204640d7ff6f4306f8b21aa7ec789521ad1dccc5b7382309"
    )


def test_it_differs_with_secret_time_and_body() -> None:
    signed = {
        signature(secret, at, body)
        for secret in ("whsec_a", "whsec_b")
        for at in (1, 2)
        for body in (b"", BODY)
    }

    assert len(signed) == 8


def test_it_creates_secrets_that_cannot_be_guessed() -> None:
    secrets = {new_secret() for _ in range(50)}

    assert len(secrets) == 50
    assert all(secret.startswith("whsec_") and len(secret) == 49 for secret in secrets)
