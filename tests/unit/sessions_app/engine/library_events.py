"""Events as the library could report them, with the most unusual values of each type."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NOW = 1_780_000_000.0
YEAR = 31_536_000
INT64 = 2**63
TIMES = st.sampled_from(
    [0, 1, -1, INT64 - 1, -INT64, int(NOW), int(NOW * 1e3), int(NOW * 1e6), int(NOW) + 30 * YEAR]
) | st.integers(-INT64, INT64 - 1)
_CHARACTERS = st.characters(exclude_categories=["Cs"])  # protobuf refuses surrogates
SHORT = st.text(_CHARACTERS, max_size=6)
LONG = st.sampled_from(["x" * 1_100_000, "\U0001f600" * 70_000, "\x00" * 70_000, "\x1f" * 70_000])
TEXTS = st.one_of(*[SHORT] * 15, LONG)
USERS = st.sampled_from(["351910000002", "123456789012345678", "0", "", "٣٥١"]) | SHORT
SERVERS = st.sampled_from(["s.whatsapp.net", "lid", "g.us", "broadcast", "", "x" * 200])
IDS = SHORT | st.sampled_from(["3EB0", "x" * 100_000])


def library_events(proto: Any, e2e: Any) -> st.SearchStrategy[tuple[str, Any]]:
    """Return a strategy for the names and messages of the library's events."""
    jids = st.builds(proto.JID, User=USERS, Server=SERVERS, Device=st.integers(0, 2**32 - 1))
    sources = st.builds(
        proto.MessageSource,
        Chat=jids,
        Sender=jids,
        SenderAlt=jids,
        RecipientAlt=jids,
        IsFromMe=st.booleans(),
        IsGroup=st.sampled_from([False, False, True]),
    )
    infos = st.builds(
        proto.MessageInfo, MessageSource=sources, ID=IDS, Timestamp=TIMES, Pushname=TEXTS
    )
    contents = st.one_of(
        st.builds(e2e.Message, conversation=TEXTS),
        st.builds(
            lambda caption: e2e.Message(imageMessage=e2e.ImageMessage(caption=caption)), TEXTS
        ),
    )
    kinds = st.sampled_from(proto.Receipt.ReceiptType.values())
    messages = st.builds(proto.Message, Info=infos, Message=contents)
    receipts = st.builds(
        proto.Receipt,
        MessageSource=sources,
        MessageIDs=st.lists(IDS, max_size=3) | st.just(["3EB0"] * 5_000),
        Timestamp=TIMES,
        Type=kinds,
    )
    others = _others(proto, jids)
    return st.one_of(
        st.tuples(st.just("Message"), messages),
        st.tuples(st.just("Receipt"), receipts),
        *(st.tuples(st.just(name), events) for name, events in others.items()),
    )


def _others(proto: Any, jids: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "PairStatus": st.builds(proto.PairStatus, ID=jids, Status=st.sampled_from([1, 2])),
        "StreamError": st.builds(proto.StreamError, Code=TEXTS),
        "TemporaryBan": st.builds(
            proto.TemporaryBan,
            Code=st.sampled_from(proto.TemporaryBan.TempBanReason.values()),
            Expire=TIMES,
        ),
        "KeepAliveTimeout": st.builds(proto.KeepAliveTimeout, ErrorCount=TIMES),
    }
