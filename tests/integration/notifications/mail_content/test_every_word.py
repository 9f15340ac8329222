"""Every text of every mail is translated: a made-up language puts each one in brackets."""

from __future__ import annotations

import re

from django.utils.translation import override

from core.mail.content import render
from notifications.mail_content.samples import samples
from tests.integration.sessions_app.pages.test_every_text import LANGUAGE, bare_words, twice_as_long

__all__ = ["twice_as_long"]  # a fixture
# The made-up data of the samples, and texts of mail servers and webhooks.
DATA = re.compile(
    r"Harbour (Dental|Group)|Lisbon|[\w.]+@[\w.]+\w|[\w.]+\.example(\.com)?|https?://[\w.:/?=]+"
    r"|The branch [^⟦⟧<]* all out|عيادة الميناء|Praxis Dr. Müller &amp; Söhne &lt;Nord&gt;|Évora"
    r"|550 5.1.1 No such user here|Nothing could be delivered [^⟦⟧<]* 2xx."
    r"|Mozilla/5.0 [^⟦⟧<]* Firefox/128.0|7QK2MX|\d+(\.\d)? MB"
)


def test_it_translates_every_text_of_every_mail(twice_as_long: None) -> None:
    bare = {}
    for sample in samples().values():
        for count in (1, 2) if sample.several else (1,):
            with override(LANGUAGE):  # for each mail: nested overrides restore the real language
                html = render(sample.write(count), LANGUAGE).html
            if words := bare_words(DATA.sub(" ", html)):
                bare[sample.name] = words

    assert not bare
