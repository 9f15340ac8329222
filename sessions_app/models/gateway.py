"""The reports of gateways."""

from __future__ import annotations

from django.db import models


class Gateway(models.Model):
    """A gateway and its last heartbeat, which it writes every few seconds."""

    owner = models.CharField(primary_key=True, max_length=120)
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    neonize_version = models.CharField(max_length=20, blank=True, default="")
    # [{"kind", "pid", "sessions", "starts", "rss_mb"}]
    engines = models.JSONField(default=list)
    trouble = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.owner
