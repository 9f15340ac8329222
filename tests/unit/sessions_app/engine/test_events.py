"""Translation of the library's events into ours."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.engine import events
from sessions_app.engine.engine_events import (
    Connected,
    ConnectFailure,
    EngineEvent,
    LoggedOut,
    MessageReceived,
    PairError,
    PairSuccess,
    ProofOfLife,
    ReceiptReceived,
    TemporaryBan,
)
from sessions_app.engine.jids import Jid
from sessions_app.engine.neonize_loader import EVENTS, SUBSCRIBED_EVENTS

ME = Jid("351910000001", 4, "s.whatsapp.net")
BOB, BOB_LID = "351910000002", "77001122334455"
PHONE, LID = "s.whatsapp.net", "lid"


class Build:
    """Builds the library's events."""

    def __init__(self, proto: Any, e2e: Any) -> None:
        self.proto, self.e2e = proto, e2e

    def jid(self, user: str = "", server: str = "", device: int = 0) -> Any:
        return self.proto.JID(User=user, Server=server, Device=device, RawAgent=0, Integrator=0)

    def source(self, *, chat: Any, sender: Any, **more: Any) -> Any:
        fields = {"SenderAlt": self.jid(), "RecipientAlt": self.jid(), "IsFromMe": False}
        fields |= {"IsGroup": False, "BroadcastListOwner": self.jid()}
        return self.proto.MessageSource(Chat=chat, Sender=sender, **(fields | more))

    def message(self, source: Any, **content: Any) -> Any:
        info = self.proto.MessageInfo(
            MessageSource=source, ID="3EB0", Timestamp=1_700_000_000_500, Pushname="Bob"
        )
        return self.proto.Message(Info=info, Message=self.e2e.Message(**content))

    def receipt(self, kind: str, source: Any) -> Any:
        value = self.proto.Receipt.ReceiptType.Value(kind)
        return self.proto.Receipt(
            MessageSource=source, MessageIDs=["3EB0", "3EB1"], Timestamp=1_700_000_000, Type=value
        )


@pytest.fixture
def build(proto: Any, e2e: Any) -> Build:
    return Build(proto, e2e)


def message(build: Build, source: Any) -> MessageReceived:
    """The event of a text with this source."""
    event = events.translate("Message", build.message(source, conversation="x"), ME)
    assert isinstance(event, MessageReceived)
    return event


def wire(event: EngineEvent | None) -> dict[str, Any]:
    return event.to_wire() if event else {}


@pytest.fixture
def from_bob(build: Build) -> Any:
    """Bob's number as sender."""
    return build.source(
        chat=build.jid(BOB, PHONE),
        sender=build.jid(BOB, PHONE, 3),
        SenderAlt=build.jid(BOB_LID, LID, 3),
    )


def test_it_reports_a_text_with_its_sender(build: Build, from_bob: Any) -> None:
    translated = events.translate("Message", build.message(from_bob, conversation="Olá"), ME)
    assert translated == MessageReceived(
        whatsapp_id="3EB0",
        peer=f"+{BOB}",
        peer_name="Bob",
        text="Olá",
        media=None,
        sent_at=1_700_000_000.5,
        from_me=False,
        chat=f"{BOB}@{PHONE}",
    )


def test_it_finds_the_number_beside_a_hidden_sender(build: Build) -> None:
    hidden = build.source(
        chat=build.jid(BOB_LID, LID),
        sender=build.jid(BOB_LID, LID, 3),
        SenderAlt=build.jid(BOB, PHONE, 3),
    )
    assert message(build, hidden).peer == f"+{BOB}"


def test_it_leaves_a_hidden_sender_without_a_number(build: Build) -> None:
    hidden = build.source(chat=build.jid(BOB_LID, LID), sender=build.jid(BOB_LID, LID))
    received = message(build, hidden)
    assert (received.peer, received.chat) == ("", f"{BOB_LID}@lid")


def test_it_names_the_recipient_of_what_the_owner_typed(build: Build) -> None:
    own = build.source(
        chat=build.jid(BOB_LID, LID),
        sender=build.jid(ME.user, PHONE),
        RecipientAlt=build.jid(BOB, PHONE),
        IsFromMe=True,
    )
    received = message(build, own)
    assert (received.from_me, received.peer, received.peer_name) == (True, f"+{BOB}", "")


@pytest.mark.parametrize(
    ("user", "server", "group"),
    [
        ("12036304", "g.us", True),
        ("status", "broadcast", True),
        ("12036304", "newsletter", False),
        ("1", "bot", False),
    ],
)
def test_it_skips_groups_broadcasts_and_channels(
    build: Build, user: str, server: str, group: bool
) -> None:
    source = build.source(chat=build.jid(user, server), sender=build.jid(BOB, PHONE), IsGroup=group)
    assert events.translate("Message", build.message(source, conversation="x"), ME) is None
    receipt = build.receipt("READ", source)
    assert events.translate("Receipt", receipt, ME) == ProofOfLife()


def test_it_skips_messages_without_readable_content(build: Build, from_bob: Any) -> None:
    deletion = {"protocolMessage": {"type": 0}}
    assert events.translate("Message", build.message(from_bob, **deletion), ME) is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [("DELIVERED", "delivered"), ("INACTIVE", "delivered"), ("READ", "read"), ("PLAYED", "read")],
)
def test_it_reports_receipts_of_sent_texts(
    build: Build, from_bob: Any, kind: str, status: str
) -> None:
    assert events.translate("Receipt", build.receipt(kind, from_bob), ME) == ReceiptReceived(
        whatsapp_ids=("3EB0", "3EB1"),
        peer=f"+{BOB}",
        status=status,
        sent_at=1_700_000_000.0,
        chat=f"{BOB}@{PHONE}",
    )


@pytest.mark.parametrize("kind", ["SENDER", "RETRY", "READ_SELF", "PEER_MSG", "HISTORY_SYNC"])
def test_it_treats_other_receipts_as_proof_of_life(build: Build, from_bob: Any, kind: str) -> None:
    receipt = build.receipt(kind, from_bob)
    assert events.translate("Receipt", receipt, ME) == ProofOfLife()


def test_it_reports_the_linked_device(build: Build, proto: Any) -> None:
    status = proto.PairStatus.PStatus.Value("SUCCESS")
    paired = proto.PairStatus(ID=build.jid(ME.user, PHONE, 4), Status=status)
    identity = (f"{ME.user}:4@{PHONE}", f"+{ME.user}")
    assert events.translate("PairStatus", paired, None) == PairSuccess(*identity)
    connected = events.translate("Connected", proto.Connected(), ME)
    assert connected == Connected(*identity)
    failed = proto.PairStatus(Status=proto.PairStatus.PStatus.Value("ERROR"))
    assert events.translate("PairStatus", failed, None) == PairError("error")


@pytest.mark.parametrize(
    ("reason", "code"),
    [("LOGGED_OUT", "401"), ("MAIN_DEVICE_GONE", "403"), ("UNKNOWN_LOGOUT", "406")],
)
def test_it_distinguishes_logouts_by_code(proto: Any, reason: str, code: str) -> None:
    event = proto.LoggedOut(Reason=proto.ConnectFailureReason.Value(reason))
    assert events.translate("LoggedOut", event, ME) == LoggedOut(code)


@pytest.mark.parametrize(
    ("reason", "code"),
    [("GENERIC", "400"), ("BAD_USER_AGENT", "409"), ("EXPERIMENTAL", "418")],
)
def test_it_reports_refused_logins_with_whatsapps_code(proto: Any, reason: str, code: str) -> None:
    event = proto.ConnectFailure(Reason=proto.ConnectFailureReason.Value(reason))
    translated = events.translate("ConnectFailure", event, ME)
    assert translated == ConnectFailure(code)


@pytest.mark.parametrize(
    ("reason", "code"),
    [("SEND_TO_TOO_MANY_PEOPLE", "101"), ("SENT_TOO_MANY_SAME_MESSAGE", "104"),
     ("BROADCAST_LIST", "106")],
)  # fmt: skip
def test_it_reports_bans_with_their_length(proto: Any, reason: str, code: str) -> None:
    event = proto.TemporaryBan(Code=proto.TemporaryBan.TempBanReason.Value(reason), Expire=3600)
    translated = events.translate("TemporaryBan", event, ME)
    assert translated == TemporaryBan(code, 3600)


@pytest.mark.parametrize("name", sorted(set(EVENTS.values()) - {"Device"}))
def test_it_translates_every_event_it_subscribes_to(name: str) -> None:
    assert name in events._TRANSLATIONS


def test_it_subscribes_only_to_events_it_can_read() -> None:
    assert set(SUBSCRIBED_EVENTS) == set(EVENTS) - {0}


@pytest.mark.parametrize(
    ("number", "seconds", "of"), [(1, 60, 6), (2, 20, 6), (6, 20, 6), (7, 20, 7)]
)
def test_it_reports_when_a_code_expires(number: int, seconds: float, of: int) -> None:
    translated = events.qr("text", number, 1000.0)
    assert (translated.number, translated.of, translated.expires_at) == (number, of, 1000 + seconds)


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("timeout", "qr_timeout"),
        ("error", "pair_error"),
        ("err-unexpected-state", "pair_error"),
        ("passkey-request", "pair_error"),
        ("err-client-outdated", "client_outdated"),
        ("success", None),
        ("err-scanned-without-multidevice", None),
    ],
)
def test_it_reads_the_login_status(status: str, event: str | None) -> None:
    translated = events.login(status)
    assert (translated and translated.name) == event


def own(build: Build, device: int) -> Any:
    """The source of what a device of our own account does in Bob's chat."""
    return build.source(
        chat=build.jid(BOB, PHONE), sender=build.jid(ME.user, PHONE, device), IsFromMe=True
    )


def test_it_reports_when_the_own_phone_wrote(build: Build) -> None:
    assert message(build, own(build, 0)).phone_at == 1_700_000_000.5


def test_it_reports_when_the_own_phone_read(build: Build) -> None:
    translated = events.translate("Receipt", build.receipt("READ", own(build, 0)), ME)
    assert translated == ProofOfLife(phone_at=1_700_000_000.0)


def test_it_reports_only_presence_for_the_phones_group_messages(build: Build) -> None:
    group = build.source(
        chat=build.jid("120363000000", "g.us"),
        sender=build.jid(ME.user, PHONE),
        IsFromMe=True,
        IsGroup=True,
    )
    translated = events.translate("Message", build.message(group, conversation="Olá"), ME)
    assert translated == ProofOfLife(phone_at=1_700_000_000.5)


def test_it_does_not_mistake_other_devices_for_the_phone(build: Build, from_bob: Any) -> None:
    from_bobs_phone = build.source(chat=build.jid(BOB, PHONE), sender=build.jid(BOB, PHONE))
    for source in (own(build, 7), from_bob, from_bobs_phone):
        written = events.translate("Message", build.message(source, conversation="Olá"), ME)
        read = events.translate("Receipt", build.receipt("READ", source), ME)
        assert not any("phone_at" in wire(event) for event in (written, read))
