"""A text that a person types on the session's page."""

from __future__ import annotations

from django import forms

from conversations.ledger import BadText, checked_text
from sessions_app.forms import PhoneField


class MessageForm(forms.Form):
    """Receiver and text; what is wrong is said by the ledger, which has the rules."""

    to = PhoneField(label="To")
    text = forms.CharField(
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Write a message"}),
    )

    def clean_text(self) -> str:
        try:
            return checked_text(self.cleaned_data["text"])
        except BadText as error:
            raise forms.ValidationError(str(error), code=error.code) from error
