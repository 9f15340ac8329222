"""The form to send a text on the page of a session."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.rules import BadText, MessageText, checked_text
from sessions_app.forms import PhoneField, SmallForm


class MessageForm(SmallForm):
    """The recipient and the text."""

    to = PhoneField(label=_("To"), autocomplete="off")
    text = forms.CharField(
        label=_("Text"),
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Write a message")}),
    )

    def clean_text(self) -> MessageText:
        try:
            return checked_text(self.cleaned_data["text"])
        except BadText as error:
            raise forms.ValidationError(str(error), code=error.code) from error

    @classmethod
    def for_the_next(cls, to: str) -> MessageForm:
        """Return an empty form with the same recipient as typed, for the next text."""
        form = cls(initial={"to": to})
        form.focus("text")
        return form
