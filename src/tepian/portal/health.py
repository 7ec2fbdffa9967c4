"""For those who run the server: is it alive, is it ready, what does it measure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max
from django.db.utils import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tepian.kernel.audit.models import ChainHead
from tepian.kernel.catalogue.contributions import GatewayService, Measure, offered
from tepian.kernel.catalogue.models import JobRun
from tepian.kernel.events.definition import CONSUMERS
from tepian.kernel.events.models import ConsumerProgress, Delivery, OutboxEvent
from tepian.kernel.identity.access import PUBLIC

WORKER_SILENT = 30.0  # seconds without a heartbeat
DISK_LEAST = 200 * 1024 * 1024  # bytes under which somebody should make room


@dataclass(frozen=True, slots=True)
class Check:
    """`vital`: without it this process cannot serve. Other failures are shown, but do not take the pages away."""

    name: str
    ok: bool
    detail: str
    vital: bool = True


def alive(request: HttpRequest) -> HttpResponse:
    """`/healthz`: this process answers. Asks nobody else."""
    return JsonResponse({"alive": True})


def ready(request: HttpRequest) -> HttpResponse:
    """`/readyz`: 200 when requests can be served, else 503; the checks say why."""
    checks = list(_checks())
    serving = all(check.ok for check in checks if check.vital)
    answer = JsonResponse(
        {
            "ready": serving,
            "degraded": not all(check.ok for check in checks),
            "checks": [asdict(check) for check in checks],
        },
        status=200 if serving else 503,
    )
    answer["Cache-Control"] = "no-store"
    if not serving:
        answer["Retry-After"] = "5"
    return answer


def _checks() -> Iterator[Check]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        yield Check("database", True, connection.vendor)
        missing = migrations_missing()
        yield Check("migrations", not missing, f"{missing} to apply" if missing else "all applied")
        yield _worker()
    except (DatabaseError, InterfaceError) as error:
        yield Check("database", False, type(error).__name__)
        if not connection.in_atomic_block:
            connection.close()
    for service in offered(GatewayService):
        ok, sentence = service.state()
        yield Check(service.name, ok, sentence)
    free = shutil.disk_usage(settings.HOME).free
    # Reading goes on with a full disk; what cannot be stored is refused with 507 where it is sent.
    yield Check("disk", free >= DISK_LEAST, f"{free // 1024 // 1024} MiB free", vital=False)


def migrations_missing() -> int:
    """How many migrations are not applied. Asked until there are none; a process never loses migrations again."""
    if _all_applied.cache_info().currsize:
        return 0
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not missing:
        _all_applied()
    return missing


@cache
def _all_applied() -> bool:
    return True


def _worker() -> Check:
    beat = JobRun.objects.filter(name="worker").values_list("started_at", flat=True).first()
    if beat is None:
        return Check("worker", False, "never seen", vital=False)
    age = (datetime.now(UTC) - beat).total_seconds()
    return Check("worker", age < WORKER_SILENT, f"seen {age:.0f} s ago", vital=False)


# --- metrics ---------------------------------------------------------------------------------------------------------


def metrics(request: HttpRequest) -> HttpResponse:
    """`/metrics` for Prometheus: from this machine, or with an administrator's key or session."""
    if not (_from_this_machine(request) or request.actor.has("administrator")):  # type: ignore[attr-defined]
        return HttpResponse(
            "Only from this machine, or with an administrator's key.\n", status=403, content_type="text/plain"
        )
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: HttpRequest) -> bool:
    """A reverse proxy on the same machine speaks for others, and says so by its header."""
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return request.META.get("REMOTE_ADDR", "") in {"127.0.0.1", "::1"} and not forwarded


class DatabaseCollector(Collector):
    """What stands in the database, asked at each scrape: three indexed queries and the size."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            with transaction.atomic():
                found = list(self._collect())
        except (DatabaseError, InterfaceError):
            if not connection.in_atomic_block:
                connection.close()
            found = []
        up = GaugeMetricFamily("tepian_database_up", "Could the database be asked at this scrape")
        up.add_metric([], 1.0 if found else 0.0)
        yield up
        yield from found
        yield from self._offered()

    @staticmethod
    def _offered() -> Iterator[Metric]:
        """What the rooms measure, and whether the listeners of this process are well."""
        for measure in offered(Measure):
            kind = CounterMetricFamily if measure.name.endswith("_total") else GaugeMetricFamily
            family = kind(f"tepian_{measure.name}", measure.help, labels=[measure.label])
            for label, number in measure.read().items():
                family.add_metric([label], number)
            yield family
        well = GaugeMetricFamily(
            "tepian_service_well", "Is a listener or writer of this process well", labels=["service"]
        )
        for service in offered(GatewayService):
            well.add_metric([service.name], 1.0 if service.state()[0] else 0.0)
        yield well

    @staticmethod
    def _collect() -> Iterator[Metric]:
        last = OutboxEvent.objects.aggregate(last=Max("position"))["last"] or 0
        progress = dict(ConsumerProgress.objects.values_list("consumer", "position"))
        backlog = GaugeMetricFamily(
            "tepian_outbox_backlog", "Events that a consumer has not dealt with yet", labels=["consumer"]
        )
        for name in sorted({*CONSUMERS, *progress}):
            backlog.add_metric([name], max(0, last - progress.get(name, 0)))
        yield backlog
        held = GaugeMetricFamily(
            "tepian_deliveries", "Events set aside, waiting for another attempt or dead", labels=["consumer", "state"]
        )
        for consumer, state, number in (
            Delivery.objects.values_list("consumer", "state").annotate(Count("id")).order_by()
        ):
            held.add_metric([consumer, state], number)
        yield held
        yield GaugeMetricFamily("tepian_outbox_position", "Position of the newest event", value=last)
        head = ChainHead.objects.filter(pk=1).values_list("position", flat=True).first()
        yield GaugeMetricFamily("tepian_audit_position", "Position of the newest entry of the record", value=head or 0)
        beat = JobRun.objects.filter(name="worker").values_list("started_at", flat=True).first()
        if beat:
            yield GaugeMetricFamily(
                "tepian_worker_seen_seconds",
                "Seconds since the worker's last heartbeat",
                value=(datetime.now(UTC) - beat).total_seconds(),
            )
        yield GaugeMetricFamily("tepian_database_bytes", "Size of the database", value=database_bytes())
        yield GaugeMetricFamily(
            "tepian_disk_free_bytes",
            "Free space where the state folder lies",
            value=shutil.disk_usage(settings.HOME).free,
        )


def database_bytes() -> int:
    """Size of the database in bytes, on SQLite with its write-ahead log."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = Path(str(connection.settings_dict["NAME"]))
    return sum(file.stat().st_size for file in (name, name.with_name(f"{name.name}-wal")) if file.exists())


if not getattr(REGISTRY, "_tepian_database", False):
    REGISTRY.register(DatabaseCollector())
    REGISTRY._tepian_database = True  # type: ignore[attr-defined]

alive.access_roles = ready.access_roles = (PUBLIC,)  # type: ignore[attr-defined]
metrics.access_roles = ("administrator",)  # type: ignore[attr-defined]

# Answered by the outermost middleware; the addresses below name them for everybody else.
EARLY = {"/healthz": alive, "/readyz": ready}

urls = [
    path("healthz", alive, name="health-alive"),
    path("readyz", ready, name="health-ready"),
    path("metrics", metrics, name="health-metrics"),
]
