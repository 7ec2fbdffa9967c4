"""Photos of the site: added with spot, day and place; withdrawn with a reason, never lost."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.pictures import keep_photo
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Project, ProjectPhoto
from ..queries.plan import TOPIC

SUBJECT = "plan_project"
MOST_PHOTOS = 300


@operation("masterplan.add_photo", policy=policies.may_keep_project)
def add_photo(
    *,
    actor: Actor,
    project: Project,
    content: bytes,
    name: str,
    phase: str,
    spot: str,
    caption: str,
    media_type: str = "",
    taken_on: date | None = None,
    lon: float | None = None,
    lat: float | None = None,
    stage: int | None = None,
) -> ProjectPhoto:
    """Keep a photo. Day and place come from the camera where none are given; the picture is stored without them. The same
    picture again is the one that is there. Photos need no revision of the project: two people may add some at once."""
    row = held(project, labels=None)
    note("project", row.slug, photo=name[:160])
    if phase not in states.PHASES:
        raise Invalid(
            _("Say whether it shows the place before, during or after the work."), code="phase", field="phase"
        )
    spot = checked_text(spot, "spot", limit=100)
    caption = checked_text(caption, "caption", limit=300)
    if row.photos.filter(withdrawn_at=None).count() >= MOST_PHOTOS:
        raise Invalid(
            format_lazy(_("A project has at most {most} photos. Withdraw some first."), most=MOST_PHOTOS),
            code="too_many",
            field="photo",
        )
    file, facts = keep_photo(
        actor=actor, content=content, name=name, media_type=media_type, subject_type=SUBJECT, subject_id=row.pk
    )
    same = _same_picture(row, file)
    if same is not None:
        file.delete()
        return same
    day = taken_on or (facts.taken.date() if facts.taken else None)
    if day is None or day > today():
        raise Invalid(_("Say on which day it was taken; a day that has come."), code="taken_on", field="taken_on")
    if lon is None or lat is None:
        lon, lat = facts.lon, facts.lat
    elif not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid(_("This place is not on the globe."), code="place", field="lon")
    photo = ProjectPhoto.objects.create(
        project=row,
        stage=row.stages.filter(pk=stage).first() if stage else None,
        file=file.pk,
        phase=phase,
        spot=spot,
        caption=caption,
        taken_on=day,
        lon=lon,
        lat=lat,
        added_by=actor.label[:200],
        added_at=timezone.now(),
    )
    touch(TOPIC)
    return photo


def _same_picture(row: Project, file: StoredFile) -> ProjectPhoto | None:
    others = StoredFile.objects.filter(subject_type=SUBJECT, subject_id=str(row.pk), sha256=file.sha256)
    return row.photos.filter(
        withdrawn_at=None, file__in=others.exclude(pk=file.pk).values_list("pk", flat=True)
    ).first()


@operation("masterplan.withdraw_photo", policy=policies.may_keep_photo)
def withdraw_photo(*, actor: Actor, photo: ProjectPhoto, reason: str) -> ProjectPhoto:
    """The public no longer sees it; that it was there, and why it is gone, stays."""
    row = held(photo)
    note("project", row.project.slug, photo=str(row.key))
    if row.withdrawn_at is not None:
        raise Conflict(_("This photo is already withdrawn. Nothing was changed."), code="too_late")
    row.withdrawn_reason = checked_text(reason, "reason", limit=500)
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_reason", "withdrawn_at"])
    touch(TOPIC)
    return row
