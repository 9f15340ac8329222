"""``/api/v1/webhooks/<id>/deliveries/``: the delivery log, tests and replays."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from locations.access import find, find_writable
from locations.rest.base_view import ApiView, principal_of
from locations.rest.pagination import CURSOR, page_of
from locations.rest.problems import conflict_at, problem_responses
from locations.rest.representation import represent
from notifications.models import Delivery, Webhook
from notifications.models.webhook import DeliveryQuerySet
from notifications.webhooks import actions
from notifications.webhooks.problem_codes import WEBHOOK_OFF
from notifications.webhooks.serializers import (
    DeliveryFilterSerializer,
    DeliveryPageSerializer,
    DeliverySerializer,
    ReplayedSerializer,
)

TAGS = ["Webhooks"]
_OFF = problem_responses(404, 409, codes={409: (WEBHOOK_OFF,)})


class DeliveryList(ApiView):
    @extend_schema(
        operation_id="list_deliveries",
        tags=TAGS,
        summary="List the deliveries of a webhook",
        description="Newest first, 50 per page, kept for 30 days; without the body.",
        parameters=[DeliveryFilterSerializer, CURSOR],
        responses={
            200: DeliveryPageSerializer,
            **problem_responses(400, 404, codes={400: ("invalid",)}),
        },
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        webhook = find(Webhook.objects.defer("secret"), principal_of(request), webhook_id)
        filters = DeliveryFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        chosen = filters.validated_data
        rows: DeliveryQuerySet = Delivery.objects.of_webhook(webhook.pk).defer("payload")
        rows = rows.in_state(chosen.get("state", "")).of_kind(chosen.get("type", ""))
        return page_of(rows, request, DeliverySerializer)


class WebhookTest(ApiView):
    @extend_schema(
        operation_id="test_webhook",
        tags=TAGS,
        summary="Send a test event",
        description="Of type `webhook.test`, sent once. Its delivery shows the result.",
        request=None,
        responses={202: DeliverySerializer, **_OFF},
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        principal = principal_of(request)
        webhook: Webhook = find_writable(Webhook.objects.all(), principal, webhook_id)
        with conflict_at(actions.WebhookDisabled, WEBHOOK_OFF):
            return Response(
                represent(DeliverySerializer, actions.send_test(principal, webhook)), status=202
            )


class WebhookReplay(ApiView):
    @extend_schema(
        operation_id="replay_failed_deliveries",
        tags=TAGS,
        summary="Replay all failed deliveries",
        description="With the same ids, as if they were new.",
        request=None,
        responses={202: ReplayedSerializer, **_OFF},
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        principal = principal_of(request)
        webhook: Webhook = find_writable(Webhook.objects.all(), principal, webhook_id)
        with conflict_at(actions.WebhookDisabled, WEBHOOK_OFF):
            replayed = {"replayed": actions.replay_failed(principal, webhook)}
        return Response(represent(ReplayedSerializer, replayed), status=202)


class DeliveryReplay(ApiView):
    @extend_schema(
        operation_id="replay_delivery",
        tags=TAGS,
        summary="Replay a delivery",
        description="With the same ids, as if it were new. A waiting delivery is sent now.",
        request=None,
        responses={202: DeliverySerializer, **_OFF},
    )
    def post(self, request: Request, delivery_id: UUID) -> Response:
        principal = principal_of(request)
        rows = Delivery.objects.select_related("webhook")
        delivery: Delivery = find_writable(rows, principal, delivery_id)
        with conflict_at(actions.WebhookDisabled, WEBHOOK_OFF):
            actions.replay(principal, delivery)
        delivery.refresh_from_db()
        return Response(represent(DeliverySerializer, delivery), status=202)
