"""Every operation of the API, with generated input: no server error, and answers as the schema says.

TEPIAN_API_EXAMPLES sets how many examples each operation gets (default 15; the promise is checked with 2000)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

EXAMPLES = int(os.environ.get("TEPIAN_API_EXAMPLES", "15"))


def exercise(operation: Any, headers: dict[str, str], seen: dict[int, int]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        response = case.call(headers=headers)
        seen[response.status_code] = seen.get(response.status_code, 0) + 1
        checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
        case.validate_response(response, checks=checks, headers=headers)

    call()


@pytest.fixture
def callers(contoh: Any, as_role: Any) -> dict[str, dict[str, str]]:
    """Headers of three callers: nobody, a person with all roles, and a broken key."""
    from tepian.kernel.identity.roles import ROLES

    signed_in = as_role(*ROLES)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in signed_in.cookies.items())
    return {"nobody": {}, "everything": {"Cookie": cookie}, "broken key": {"Authorization": "Bearer tpn_x"}}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client: a request must not close the connection that the test's transaction lives in."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.slow
def test_no_input_breaks_an_operation(callers: dict[str, dict[str, str]], one_connection, monkeypatch):
    from tepian.portal import api as core

    monkeypatch.setattr(core, "ANONYMOUS_WRITES", 1 << 30)
    monkeypatch.setattr(core, "check_csrf", lambda request: None)  # its own test stands in portal/tests
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    operations = [found.ok() for found in schema.get_all_operations()]
    seen: dict[int, int] = {}
    for operation in operations:
        for headers in callers.values():
            exercise(operation, headers, seen)
    assert not [status for status in seen if status >= 500]
    assert not operations or sum(seen.values()) >= len(operations) * 3
