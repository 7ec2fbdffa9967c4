"""Every environment variable that Tepian reads: one typed, documented line each.

`docs/reference/settings.md` is generated from this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Knobs(BaseSettings):
    """Settings of one installation. The environment variable is the field's name in capitals with `TEPIAN_` before it."""

    model_config = SettingsConfigDict(env_prefix="TEPIAN_", extra="ignore")

    home: Path = Field(Path(".tepian"), description="State folder: database, files, secret key, logs")
    database_url: str = Field(
        "", description="Database; empty means SQLite in the state folder. postgres://user:pass@host/name"
    )
    host: str = Field("127.0.0.1", description="Address that the server listens on")
    port: int = Field(8000, description="HTTP port")
    public_url: str = Field(
        "",
        description="Address under which people reach the server, e.g. https://kota.example; empty: http://host:port",
    )
    mqtt_port: int = Field(1883, description="Port of the built-in MQTT listener; 0 switches it off")
    mqtt_host: str = Field("", description="Address of the built-in MQTT listener; empty: the same as HOST")
    mqtt_broker: str = Field("", description="External broker to read instead of listening: mqtt://user:pass@host:1883")
    mqtt_anonymous: bool = Field(
        False, description="Accept MQTT publishers without a device key (demo and closed networks only)"
    )
    threads: int = Field(8, description="Threads for pages and API in each web process")
    secret_key: str = Field("", description="Signing key; empty: made once and kept in the state folder")
    allowed_hosts: str = Field(
        "", description="Comma-separated host names that the server answers to; empty: local names and PUBLIC_URL's"
    )
    secure: bool = Field(
        False, description="Behind HTTPS: secure cookies, HSTS, trust X-Forwarded-Proto of the reverse proxy"
    )
    demo: bool = Field(
        False, description="Demonstration: marks every page, offers the simulation and the demo sign-ins"
    )
    debug: bool = Field(False, description="Developer's error pages. Never on a public server")
    log_level: str = Field("info", description="debug, info, warning or error")
    log_format: str = Field("auto", description="json, console, or auto: console on a terminal")
    body_limit_mb: int = Field(10, description="Largest request body in MiB")
    email_url: str = Field(
        "", description="Mail server: smtp://user:pass@host:587?tls=1; empty: mails are written to HOME/mail"
    )
    email_from: str = Field("tepian@localhost", description="Sender address of e-mails")
    message_gateway_url: str = Field(
        "",
        description="WhatsApp or SMS gateway that takes messages as JSON by POST; empty: messages are written to HOME/outbox",
    )
    message_gateway_token: str = Field("", description="Bearer token for the message gateway")

    civil_registry_url: str = Field(
        "", description="The civil registry's JSON web service, https://…; empty: the local register is all there is"
    )
    civil_registry_user: str = Field("", description="User name at the civil registry's service")
    civil_registry_password: str = Field("", description="Password at the civil registry's service")
    signer: Literal["local", "bsre-v1", "bsre-v2"] = Field(
        "local",
        description="Who makes signatures: the city's own authority (local), or BSrE's gateway (bsre-v1, bsre-v2)",
    )
    bsre_url: str = Field("", description="Address of the city's BSrE gateway, https://…")
    bsre_user: str = Field("", description="User name at the BSrE gateway")
    bsre_password: str = Field("", description="Password at the BSrE gateway")
    timestamp_url: str = Field(
        "",
        description="Time stamp service (RFC 3161) for signatures of the city's own authority; empty: the city's clock",
    )
    signature_roots: str = Field(
        "", description="PEM file with further roots to trust: the time stamp service's, BSrE's"
    )

    statistics_engine: str = Field(
        "",
        description="Database that answers questions to statistics: postgres://… or what Ibis connects to; empty: DuckDB",
    )

    @property
    def base_url(self) -> str:
        # A name rather than a number: browsers keep passkeys for names only.
        host = "localhost" if self.host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else self.host  # noqa: S104 - compared
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"
