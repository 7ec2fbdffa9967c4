"""The live stream: nothing missed, nothing doubled, whoever comes back when."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from asgiref.sync import sync_to_async

from tepian.kernel.actors import Actor, system
from tepian.kernel.events import Event, emit, operation
from tepian.kernel.events.queries import last_position
from tepian.live import Channel, Hub

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, kw_only=True)
class Sounded(Event):
    type: ClassVar[str] = "tests.sounded.v1"
    audience: ClassVar[str] = "public"
    number: int

    @property
    def subject(self) -> str:
        return "sound/1"


@dataclass(frozen=True, kw_only=True)
class Whispered(Sounded):
    type: ClassVar[str] = "tests.whispered.v1"
    audience: ClassVar[str] = "staff"


@operation("tests.sound", policy=None)
def sound(*, actor: Actor, number: int, quiet: bool = False) -> None:
    emit(Whispered(number=number) if quiet else Sounded(number=number))


def make(number: int, *, quiet: bool = False) -> None:
    sound(actor=system("tests"), number=number, quiet=quiet)


def numbers(data: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb'"number":(\d+)', data)]


def positions(data: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"^id: (\d+)", data, re.M)]


async def read(stream: AsyncIterator[bytes], count: int, seconds: float = 5) -> bytes:
    """Read until `count` events have come."""
    data = b""
    async with asyncio.timeout(seconds):
        while len(numbers(data)) < count:
            data += await anext(stream)
    return data


def drive(story) -> None:
    """Run a story in an event loop of its own with a started hub."""

    async def whole() -> None:
        hub = Hub(source="https://kota.example")
        await hub.start()
        try:
            await story(hub)
        finally:
            await hub.stop()

    asyncio.run(whole())


def test_an_event_reaches_open_streams_of_its_audience() -> None:
    async def story(hub: Hub) -> None:
        public, staff = hub.frames("public", None), hub.frames("staff", None)
        await anext(public), await anext(staff)
        await sync_to_async(make)(1, quiet=True)
        await sync_to_async(make)(2)
        assert numbers(await read(staff, 2)) == [1, 2]
        assert numbers(await read(public, 1)) == [2]

    drive(story)


def test_who_comes_back_gets_what_was_missed_once_and_in_order() -> None:
    async def story(hub: Hub) -> None:
        first = hub.frames("public", None)
        await anext(first)
        await sync_to_async(make)(1)
        seen = positions(await read(first, 1))[-1]
        await first.aclose()
        for number in range(2, 8):
            await sync_to_async(make)(number, quiet=number == 4)
        back = hub.frames("public", seen)
        await anext(back)
        task = asyncio.create_task(read(back, 7))
        await sync_to_async(make)(8)
        await sync_to_async(make)(9)
        assert numbers(await task) == [2, 3, 5, 6, 7, 8, 9]

    drive(story)


def test_events_of_before_the_start_are_given_to_who_names_an_older_place() -> None:
    for number in range(5):
        make(number)
    start = last_position() - 5

    async def story(hub: Hub) -> None:
        stream = hub.frames("public", start)
        await anext(stream)
        assert numbers(await read(stream, 5)) == [0, 1, 2, 3, 4]

    drive(story)


def test_many_streams_opened_while_events_pour_miss_and_double_nothing() -> None:
    async def story(hub: Hub) -> None:
        start = hub.position
        pouring = asyncio.create_task(asyncio.to_thread(lambda: [make(number) for number in range(60)]))
        streams = []
        for _ in range(20):
            await asyncio.sleep(0.005)
            stream = hub.frames("public", start)
            streams.append(asyncio.create_task(read(stream, 60, 20)))
        await pouring
        for data in await asyncio.gather(*streams):
            assert numbers(data) == list(range(60))

    drive(story)


def test_an_unheard_of_place_is_no_trouble() -> None:
    async def story(hub: Hub) -> None:
        stream = hub.frames("public", 10**15)
        await anext(stream)
        await sync_to_async(make)(1)
        assert numbers(await read(stream, 1)) == [1]

    drive(story)


def test_a_stream_that_lags_still_gets_every_frame_that_is_kept() -> None:
    channel = Channel()
    for number in range(20000):
        channel.push(b"%d " % number, number + 1)
    assert channel.since(channel.end) == b""
    assert channel.since(channel.end - 3) == b"19997 19998 19999 "
    assert len(channel.frames) <= 2 * 4096
    assert channel.positions[0][1] >= channel.first
