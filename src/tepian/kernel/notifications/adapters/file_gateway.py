"""Stands in for a WhatsApp or SMS gateway: each message becomes one line of JSON in HOME/outbox/<day>.jsonl."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from ..models import Message
from .http_gateway import body_of


class FileGateway:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message, to: str, title: str, body: str) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(body_of(message, to, title, body), ensure_ascii=False) + "\n")
        return path.name

    def close(self) -> None:
        pass
