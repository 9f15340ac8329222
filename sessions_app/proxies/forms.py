"""The form of a number's proxy. A stored login is never shown again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from locations.plans.action_limits import TooOften
from sessions_app.engine.proxy_url import LONGEST_LOGIN, SCHEMES, NotAProxy, ProxyAddress, is_host
from sessions_app.forms import SmallForm
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.proxies.checker import check_proxy

_SCHEME_NAMES = {"http": "HTTP", "https": "HTTPS", "socks5": "SOCKS5"}


def _text(**attributes: str | int) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **attributes})


class ProxyForm(SmallForm):
    """The address and login of a proxy. With ``optional`` all fields may be empty."""

    scheme = forms.ChoiceField(
        label=_("Kind"), choices=[(key, _SCHEME_NAMES[key]) for key in SCHEMES], required=False
    )
    host = forms.CharField(
        label=_("Host"),
        max_length=253,
        required=False,
        widget=_text(placeholder="proxy.example.com", size=28),
    )
    port = forms.IntegerField(
        label=_("Port"),
        required=False,
        min_value=1,
        max_value=65535,
        widget=_text(inputmode="numeric", size=6, placeholder="1080"),
    )
    user = forms.CharField(
        label=_("User"), max_length=LONGEST_LOGIN, required=False, widget=_text(size=20)
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_LOGIN,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 20}),
    )

    def __init__(
        self,
        *args: Any,
        stored: ProxyAddress | None = None,
        optional: bool = False,
        **kwargs: Any,
    ) -> None:
        initial = {"scheme": SCHEMES[0]}
        if stored is not None:
            initial = {"scheme": stored.scheme, "host": stored.host, "port": str(stored.port)}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self._stored, self._optional = stored, optional
        self.proxy: ProxyAddress | None = None

    @property
    def is_filled(self) -> bool:
        """Whether any field except the kind is filled in."""
        return any(self[name].value() for name in ("host", "port", "user", "password"))

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].strip().strip("[]").lower()
        if host and not is_host(host):
            raise forms.ValidationError(
                _("Enter a host name or an IP address, without http:// and without a port.")
            )
        return host

    def clean(self) -> dict[str, Any]:
        """Check that the fields are complete. Reaching the proxy is up to ``works_for``."""
        typed = self.cleaned_data
        if self.errors or (self._optional and not self.is_filled):
            return typed
        for name, missing in (("host", _("Enter its host.")), ("port", _("Enter its port."))):
            if not typed.get(name):
                self.add_error(name, missing)
        if not self.errors:
            self.proxy = self._typed_proxy(typed)
        return typed

    def works_for(self, account_id: UUID) -> bool:
        """Return whether WhatsApp can be reached through the proxy, if one was entered; otherwise
        the form gets an error. The form must be valid. Takes up to 15 seconds."""
        if self.proxy is None:
            return True
        try:
            check_proxy(self.proxy, account_id)
        except (ProxyUnusable, TooOften) as error:
            self.add_error(None, str(error))
            return False
        return True

    def _typed_proxy(self, typed: dict[str, Any]) -> ProxyAddress | None:
        scheme = typed.get("scheme") or SCHEMES[0]
        try:
            proxy = ProxyAddress(
                scheme, typed["host"], typed["port"], typed["user"], typed["password"]
            )
        except NotAProxy as error:
            self.add_error("user", gettext(str(error)))
            return None
        kept = self._stored
        if kept is not None and kept.shown == proxy.shown and not proxy.user:
            return kept  # keep the login, but only for the address it was entered with
        return proxy
