"""Standing faults: they stay active until they are cleared or used up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """One standing fault. ``times`` is how often it will still occur (None: until cleared)."""

    kind: str
    number: str | None = None
    proxy_users: frozenset[str] | None = None
    times: int | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def applies_to(self, number: str | None, proxy_user: str | None) -> bool:
        """Return whether the fault applies to a number (digits) or a proxy user."""
        if self.proxy_users is not None:
            return proxy_user in self.proxy_users
        return self.number is None or self.number == number

    def describe(self) -> dict[str, Any]:
        """Return the fault in the format of the control API."""
        shown: dict[str, Any] = {"kind": self.kind, **self.params}
        if self.number is not None:
            shown["number"] = f"+{self.number}"
        if self.times is not None:
            shown["times"] = self.times
        return shown


class Faults:
    """The active faults, newest first."""

    def __init__(self) -> None:
        self.standing: list[Fault] = []
        self.outage = False

    def add(self, fault: Fault) -> None:
        """Activate a fault. It replaces an older one of the same kind and target."""
        self.standing = [f for f in self.standing if not _same_target(f, fault)]
        self.standing.insert(0, fault)

    def clear(self, kind: str | None = None, number: str | None = None) -> None:
        """Deactivate all faults, or those of one kind or number."""
        self.standing = [
            fault
            for fault in self.standing
            if (kind is not None and fault.kind != kind)
            or (number is not None and fault.number != number)
        ]

    def take(
        self, kind: str, number: str | None = None, proxy_user: str | None = None, **params: str
    ) -> Fault | None:
        """Return the fault that occurs now, if any, and count it as used."""
        for fault in self.standing:
            if (
                fault.kind == kind
                and fault.applies_to(number, proxy_user)
                and all(fault.params.get(name) == value for name, value in params.items())
            ):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.standing.remove(fault)

    def refuses(self, how: str, proxy_user: str | None) -> bool:
        """Return whether to refuse a dial at the layer ``how``: tcp, proxy, tls or noise."""
        if how == "tcp" and self.outage:
            return True
        return self.take("refuse_dial", None, proxy_user, how=how) is not None


def _same_target(one: Fault, other: Fault) -> bool:
    return (one.kind, one.number, one.proxy_users) == (other.kind, other.number, other.proxy_users)
