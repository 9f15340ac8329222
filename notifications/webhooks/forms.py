"""The forms of webhooks."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from locations.access import visible_in
from locations.models import Location
from locations.principals import Principal
from notifications.models import DeliveryState, Webhook, WebhookEvent, WebhookFormat
from notifications.models.webhook import SUBSCRIBABLE
from notifications.webhooks.dns_guard import checked_url
from notifications.webhooks.url_rules import MAX_URL_CHARACTERS, BadAddress


class WebhookForm(forms.Form):
    """The URL, the events and the location of a webhook of the account ``account_id``."""

    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_URL_CHARACTERS,
        error_messages={
            "required": _("Enter the full address, such as https://example.com/webhooks."),
            "max_length": _("Use an address of at most 500 characters without spaces."),
        },
        widget=forms.URLInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://example.com/webhooks",
            }
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(str(kind), kind.label) for kind in SUBSCRIBABLE],
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one event."),
            "invalid_choice": _("Choose only events from the list."),
        },
    )
    location: forms.ModelChoiceField[Location] = forms.ModelChoiceField(
        label=_("Location"),
        queryset=None,
        required=False,
        empty_label=_("All locations"),
        error_messages={"invalid_choice": _("Choose one of your locations.")},
    )

    def __init__(
        self,
        principal: Principal,
        account_id: UUID,
        *args: Any,
        form: str = WebhookFormat.PAIRLINE,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._account_id = account_id
        if form == WebhookFormat.SLACK:  # which gets notices only
            del self.fields["events"]
            self.fields["url"].widget.attrs["placeholder"] = "https://hooks.slack.com/services/…"
        field = cast("forms.ModelChoiceField[Location]", self.fields["location"])
        places = Location.objects.order_by("name", "pk")
        field.queryset = visible_in(places, principal, account_id)

    @classmethod
    def of(cls, webhook: Webhook, principal: Principal) -> WebhookForm:
        """Return the form with the current values of ``webhook``."""
        known = {
            "url": webhook.known_url,
            "events": webhook.events,
            "location": webhook.location_id,
        }
        return cls(principal, webhook.account_id, initial=known, form=webhook.format)

    def clean_url(self) -> str:
        try:
            return checked_url(self.cleaned_data["url"], self._account_id)
        except BadAddress as error:
            raise forms.ValidationError(str(error), code="invalid") from error


class LogFilter(forms.Form):
    """The filters of the log. An invalid filter is ignored."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Every state")), *((str(s), s.label) for s in DeliveryState)],
    )
    kind = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=[("", _("Every event")), *((str(k), str(k)) for k in WebhookEvent)],
    )
    q = forms.CharField(
        label=_("Event, session or message id"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    @property
    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, by name."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


def as_id(text: str) -> UUID | None:
    """Return ``text`` as an id, or None if it is not one."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None
