"""What the register says changes what waits here."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on

from . import operations, states

SYSTEM = system("ward_letters.register", "Kependudukan")


@on("residents.resident_died.v1", consumer="ward_letters.register")
def died(envelope: Envelope) -> None:
    """Nobody works on a letter for somebody who has died."""
    operations.stop_for(actor=SYSTEM, resident=envelope.data["resident"], reason=states.DIED)


@on("residents.resident_moved.v1", consumer="ward_letters.register")
def moved(envelope: Envelope) -> None:
    """The ward that somebody left cannot give them a letter any more."""
    operations.stop_for(
        actor=SYSTEM,
        resident=envelope.data["resident"],
        reason=states.MOVED_AWAY,
        ward=envelope.data["to_ward"],
    )


@on("signatures.document_revoked.v1", consumer="ward_letters.signatures")
def revoked(envelope: Envelope) -> None:
    """A letter that was revoked where it was signed does not count here either; its users hear it from us."""
    if envelope.data["kind"] == operations.KIND:
        operations.revoke(
            actor=system("ward_letters.signatures", envelope.actor),
            document=envelope.data["code"],
            reason=envelope.data["reason"],
        )
