"""What documents hang in the hall."""

from tepian.kernel.catalogue.contributions import Job, offer

from . import operations

offer(Job("documents.sweep", operations.sweep, seconds=24 * 3600))
