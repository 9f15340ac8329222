"""A text that a person types on the session's page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.actions import BadText, checked_text
from sessions_app.forms import PhoneField, SmallForm


class MessageForm(SmallForm):
    """Receiver and text; what is wrong is said by the ledger, which has the rules."""

    to = PhoneField(label=_("To"), autocomplete="off")
    text = forms.CharField(
        label=_("Text"),
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Write a message")}),
    )

    def clean_text(self) -> str:
        try:
            return checked_text(self.cleaned_data["text"])
        except BadText as error:
            raise forms.ValidationError(str(error), code=error.code) from error

    @classmethod
    def for_the_next(cls, to: str) -> MessageForm:
        """An empty form for the same receiver, as typed, that waits for the next text."""
        form = cls(initial={"to": to})
        form.focus("text")
        return form
