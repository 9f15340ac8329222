"""What is wrong with the simulated WhatsApp just now, for everybody or for one number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """One standing fault. `times` is how often it still happens (None: until cleared)."""

    kind: str
    number: str | None = None
    proxy_users: frozenset[str] | None = None
    times: int | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def concerns(self, number: str | None, proxy_user: str | None) -> bool:
        """Whether it applies to this number (digits) or to who came through the proxy so."""
        if self.proxy_users is not None:
            return proxy_user in self.proxy_users
        return self.number is None or self.number == number

    def describe(self) -> dict[str, Any]:
        """The fault as the control API shows it."""
        shown: dict[str, Any] = {"kind": self.kind, **self.params}
        if self.number is not None:
            shown["number"] = f"+{self.number}"
        if self.times is not None:
            shown["times"] = self.times
        return shown


class Faults:
    """The standing faults, newest first."""

    def __init__(self) -> None:
        self.standing: list[Fault] = []
        self.outage = False

    def add(self, fault: Fault) -> None:
        """Let a fault stand; a newer one of the same kind and aim takes the older one's place."""
        self.standing = [f for f in self.standing if not _same_aim(f, fault)]
        self.standing.insert(0, fault)

    def clear(self, kind: str | None = None, number: str | None = None) -> None:
        """End all faults, or those of one kind, or those of one number."""
        self.standing = [
            fault
            for fault in self.standing
            if (kind is not None and fault.kind != kind)
            or (number is not None and fault.number != number)
        ]

    def take(
        self, kind: str, number: str | None = None, proxy_user: str | None = None, **params: str
    ) -> Fault | None:
        """The fault that hits now, if any; counts it as used."""
        for fault in self.standing:
            if (
                fault.kind == kind
                and fault.concerns(number, proxy_user)
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

    def refusal(self, how: str, proxy_user: str | None) -> bool:
        """Whether a dial that came this far is refused in this way."""
        if how == "tcp" and self.outage:
            return True
        return self.take("refuse_dial", None, proxy_user, how=how) is not None


def _same_aim(one: Fault, other: Fault) -> bool:
    return (one.kind, one.number, one.proxy_users) == (other.kind, other.number, other.proxy_users)
