"""``/api/v1/webhooks/``: the webhooks of an account."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from locations.access import find, find_writable, visible
from locations.actions import account_to_add_to
from locations.models import Location
from locations.principals import Principal
from locations.rest.base_view import ApiView, principal_of
from locations.rest.pagination import CURSOR, page_of
from locations.rest.problems import conflict_at, problem_responses
from locations.rest.representation import represent
from notifications.models import Webhook
from notifications.webhooks import actions
from notifications.webhooks.problem_codes import NOT_SIGNED, TOO_MANY_WEBHOOKS
from notifications.webhooks.serializers import (
    ChangeWebhookSerializer,
    NewWebhookSerializer,
    WebhookPageSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)

TAGS = ["Webhooks"]


class WebhookList(ApiView):
    @extend_schema(
        operation_id="list_webhooks",
        tags=TAGS,
        summary="List your webhooks",
        description="Newest first, 50 per page, without their secrets.",
        parameters=[CURSOR],
        responses={
            200: WebhookPageSerializer,
            **problem_responses(400, codes={400: ("invalid",)}),
        },
    )
    def get(self, request: Request) -> Response:
        rows = visible(Webhook.objects.defer("secret"), principal_of(request))
        return page_of(rows, request, WebhookSerializer)

    @extend_schema(
        operation_id="create_webhook",
        tags=TAGS,
        summary="Create a webhook",
        description="The response contains its secret, which is shown only once. A key limited to "
        "some locations must name one of them. With `format` `slack`, the URL is an incoming "
        "webhook of Slack (or Mattermost, or Discord's `…/slack`), which gets `notice` only.",
        request=NewWebhookSerializer,
        responses={
            201: WebhookWithSecretSerializer,
            **problem_responses(400, 404, 409, 413, 415, codes={409: (TOO_MANY_WEBHOOKS,)}),
        },
    )
    def post(self, request: Request) -> Response:
        principal = principal_of(request)
        body = NewWebhookSerializer(data=request.data, context={"account": principal.account})
        body.is_valid(raise_exception=True)
        values = body.validated_data
        location = _location(principal, values["location"])
        account_id = location.account_id if location else account_to_add_to(principal).pk
        with conflict_at(actions.TooManyWebhooks, TOO_MANY_WEBHOOKS):
            webhook = actions.create(
                principal,
                account_id,
                url=values["url"],
                events=values["events"],
                location=location,
                form=values["format"],
            )
        return Response(represent(WebhookWithSecretSerializer, webhook), status=201)


def _location(principal: Principal, location_id: UUID | None) -> Location | None:
    if location_id is None and principal.locations is not None:
        raise serializers.ValidationError({"location": ["Name one of the locations of this key."]})
    if location_id is None:
        return None
    location: Location = find_writable(Location.objects.all(), principal, location_id)
    return location


class WebhookDetail(ApiView):
    @extend_schema(
        operation_id="read_webhook",
        tags=TAGS,
        summary="Get a webhook",
        description="Whether it is enabled, and if not, why.",
        responses={200: WebhookSerializer, **problem_responses(404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        rows = Webhook.objects.defer("secret")
        return Response(represent(WebhookSerializer, find(rows, principal_of(request), webhook_id)))

    @extend_schema(
        operation_id="change_webhook",
        tags=TAGS,
        summary="Change a webhook",
        description="Changes only the fields you send. Enabling it sends the waiting events.",
        request=ChangeWebhookSerializer,
        responses={
            200: WebhookSerializer,
            **problem_responses(400, 404, 413, 415, codes={400: ("invalid",)}),
        },
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        principal = principal_of(request)
        webhook: Webhook = find_writable(Webhook.objects.all(), principal, webhook_id)
        known = {"format": webhook.format, "account": webhook.account_id}
        body = ChangeWebhookSerializer(data=request.data, context=known)
        body.is_valid(raise_exception=True)
        actions.change_some(principal, webhook, **body.validated_data)
        return Response(represent(WebhookSerializer, webhook))

    @extend_schema(
        operation_id="delete_webhook",
        tags=TAGS,
        summary="Delete a webhook",
        description="Also deletes its log. Waiting events are not delivered.",
        responses={204: None, **problem_responses(404)},
    )
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        principal = principal_of(request)
        actions.remove(principal, find_writable(Webhook.objects.all(), principal, webhook_id))
        return Response(status=204)


class WebhookRotate(ApiView):
    @extend_schema(
        operation_id="rotate_webhook_secret",
        tags=TAGS,
        summary="Rotate the secret of a webhook",
        description="The new secret signs all deliveries from now on, and is shown only once. "
        "Deliveries that your server refuses meanwhile are retried. A Slack webhook has none.",
        request=None,
        responses={
            200: WebhookWithSecretSerializer,
            **problem_responses(404, 409, codes={409: (NOT_SIGNED,)}),
        },
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        principal = principal_of(request)
        webhook: Webhook = find_writable(Webhook.objects.all(), principal, webhook_id)
        with conflict_at(actions.NotSigned, NOT_SIGNED):
            actions.rotate(principal, webhook)
        return Response(represent(WebhookWithSecretSerializer, webhook))
