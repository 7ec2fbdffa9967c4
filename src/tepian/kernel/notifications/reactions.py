"""What people are told about their own accounts."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events import Envelope, on
from tepian.kernel.identity.models import Account, Holding
from tepian.kernel.identity.queries import PREFIX

from .operations import notify

SYSTEM = system("notifications.account")


@on("identity.sign_in_locked.v1", consumer="notifications.sign_in_locked")
def tell_of_lock(envelope: Envelope) -> None:
    account = Account.objects.filter(pk=envelope.data["account_id"], is_active=True).first()
    if account is None:
        return
    until = datetime.fromisoformat(envelope.data["until"])
    clock = timezone.localtime(until, city_timezone()).strftime("%H.%M")
    notify(
        actor=SYSTEM,
        to=[account],
        topic="identity.security",
        urgency="notice",
        key=f"sign_in_locked:{envelope.id}",
        title="Banyak percobaan masuk yang salah untuk akun Anda",
        title_en="Many wrong sign-in tries for your account",
        body=f"Masuk dari sambungan itu ditahan sampai pukul {clock}. "
        "Bukan Anda? Ganti kata sandi dan beri tahu administrator.",
        body_en=f"Sign-in from that connection waits until {clock}. "
        "Not you? Change your password and tell the administrator.",
        url="/akun/keamanan",
    )


@on("signatures.key_locked.v1", consumer="notifications.key_locked")
def tell_of_locked_key(envelope: Envelope) -> None:
    account = Account.objects.filter(pk=envelope.data["account_id"], is_active=True).first()
    if account is None:
        return
    clock = timezone.localtime(datetime.fromisoformat(envelope.data["until"]), city_timezone()).strftime("%H.%M")
    notify(
        actor=SYSTEM,
        to=[account],
        topic="identity.security",
        urgency="notice",
        key=f"key_locked:{envelope.id}",
        title="Lima kali frasa sandi salah untuk kunci tanda tangan Anda",
        title_en="Five wrong passphrases for your signing key",
        body=f"Kunci ditahan sampai pukul {clock}. Tidak ada yang ditandatangani. "
        "Bukan Anda? Beri tahu administrator, supaya kuncinya diganti.",
        body_en=f"The key waits until {clock}. Nothing was signed. "
        "Not you? Tell the administrator, so that the key is replaced.",
        url="/kerja/tanda-tangan/kunci",
    )


@on("identity.position_assigned.v1", consumer="notifications.position_assigned")
def tell_of_position(envelope: Envelope) -> None:
    holding = Holding.objects.filter(pk=envelope.data["holding_id"]).select_related("account", "position").first()
    if holding is None or not holding.account.is_active:
        return
    title = PREFIX.get(holding.kind, "") + holding.position.title  # type: ignore[call-overload]
    notify(
        actor=SYSTEM,
        to=[holding.account],
        topic="identity.position",
        key=f"position_assigned:{envelope.id}",
        title=f"Anda diberi jabatan: {title}",
        title_en=f"You were given a position: {title}",
        body="Wewenang Anda berlaku selama jabatan ini. Lihat sampai kapan di Akun saya.",
        body_en="What you may do lasts as long as this position. See until when in My account.",
        url="/akun",
    )
