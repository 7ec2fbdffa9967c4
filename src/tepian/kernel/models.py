"""The kernel's tables, gathered from its parts for Django."""

from .audit.models import *  # noqa: F403
from .catalogue.models import *  # noqa: F403
from .documents.models import *  # noqa: F403
from .events.models import *  # noqa: F403
from .identity.models import *  # noqa: F403
from .notifications.models import *  # noqa: F403
from .organisations.models import *  # noqa: F403
from .regions.models import *  # noqa: F403
from .residents.models import *  # noqa: F403
from .signatures.models import *  # noqa: F403
