"""Every word of every letter goes through gettext: none stands outside of the brackets that a
made-up language puts around each text."""

from __future__ import annotations

import re

from django.utils.translation import override

from core.mail.content import render
from notifications.mail_content.samples import samples
from tests.integration.sessions_app.pages.test_every_text import LANGUAGE, bare_words, twice_as_long

__all__ = ["twice_as_long"]  # a fixture
# What samples are about, and what mail servers and webhooks said.
DATA = re.compile(
    r"Harbour (Dental|Group)|Lisbon|[\w.]+@[\w.]+\w|[\w.]+\.example(\.com)?|https?://[\w.:/?=]+"
    r"|The branch [^⟦⟧<]* all out|عيادة الميناء|Praxis Dr. Müller &amp; Söhne &lt;Nord&gt;|Évora"
    r"|550 5.1.1 No such user here|Nothing could be delivered [^⟦⟧<]* 2xx."
    r"|Mozilla/5.0 [^⟦⟧<]* Firefox/128.0|7QK2MX|1.2 MB"
)


def test_no_letter_has_a_bare_word(twice_as_long: None) -> None:
    bare = {}
    for sample in samples().values():
        for count in (1, 2) if sample.several else (1,):
            with override(LANGUAGE):  # each time: what is inside it falls back to the real one
                html = render(sample.write(count), LANGUAGE).html
            if words := bare_words(DATA.sub(" ", html)):
                bare[sample.name] = words

    assert not bare
