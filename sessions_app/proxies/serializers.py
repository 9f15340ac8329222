"""The serializers of proxies. The login is write-only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from locations.rest.fields import TextField
from locations.rest.schema import request_example
from sessions_app.engine.proxy_url import LONGEST_LOGIN, SCHEMES, NotAProxy, ProxyAddress, is_host
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.proxies.checker import check_proxy


@request_example(
    "A proxy with a login",
    {
        "scheme": "socks5",
        "host": "proxy.example.com",
        "port": 1080,
        "user": "harbour",
        "password": "…",
    },
)
class NewProxySerializer(serializers.Serializer[Any]):
    """A proxy. It is tested with a connection to WhatsApp first, which takes up to 10 s."""

    scheme = serializers.ChoiceField(choices=SCHEMES)
    host = TextField(max_length=253, help_text="A name or an IP address.")
    port = serializers.IntegerField(min_value=1, max_value=65535)
    user = TextField(max_length=LONGEST_LOGIN, required=False, allow_blank=True, write_only=True)
    password = TextField(
        max_length=LONGEST_LOGIN,
        required=False,
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
    )

    def validate_host(self, host: str) -> str:
        """Raise ValidationError unless ``host`` is a host name or an IP address."""
        if not is_host(host):
            raise serializers.ValidationError("This is neither a host name nor an IP address.")
        return host

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the ``proxy``, which is not yet checked. Raises ValidationError."""
        login = attrs.get("user", ""), attrs.get("password", "")
        try:
            return {"proxy": ProxyAddress(attrs["scheme"], attrs["host"], attrs["port"], *login)}
        except NotAProxy as error:
            raise serializers.ValidationError({"proxy": [str(error)]}) from None


def check_for(account_id: UUID, proxy: ProxyAddress) -> None:
    """Connect to WhatsApp through ``proxy``. Raises ValidationError or TooOften."""
    try:
        check_proxy(proxy, account_id)
    except ProxyUnusable as error:
        raise serializers.ValidationError({"proxy": [str(error)]}) from None


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A proxy with a login",
            value={
                "address": "socks5://proxy.example.com:1080",
                "has_login": True,
                "readable": True,
            },
        )
    ]
)
class ProxySerializer(serializers.Serializer[Any]):
    """The proxy that a number goes through. Serializes a ``StoredProxy``."""

    address = serializers.CharField(
        source="address.shown", allow_null=True, help_text="Null for a direct connection."
    )
    has_login = serializers.BooleanField(help_text="Whether a user and password are stored.")
    readable = serializers.BooleanField(
        help_text="False if the stored proxy can no longer be decrypted: the number does not "
        "connect until you set or remove the proxy."
    )
