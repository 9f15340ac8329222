"""Translates the installation's settings for the gateway, which does not import Django."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from sessions_app.gateway.settings import GatewaySettings


def gateway_settings() -> GatewaySettings:
    """Return the gateway's settings, for the gateway and for commands."""
    simulator = settings.WHATSAPP_SIMULATOR
    return GatewaySettings(
        data_dir=settings.DATA_DIR,
        auth_store=settings.WHATSAPP_AUTH_STORE,
        log_level=settings.WHATSAPP_LOG_LEVEL,
        simulator=Path(simulator) if simulator else None,
        engine_capacity=settings.GATEWAY_ENGINE_CAPACITY,
        engine_max_starts=settings.GATEWAY_ENGINE_MAX_STARTS,
        engine_max_rss_mb=settings.GATEWAY_ENGINE_MAX_RSS_MB,
        parallel_starts=settings.GATEWAY_PARALLEL_STARTS,
        health_seconds=settings.GATEWAY_HEALTH_SECONDS,
        stuck_seconds=settings.GATEWAY_STUCK_SECONDS,
    )
