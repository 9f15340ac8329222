from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from locations.rest.problems import register_code


@pytest.fixture(scope="module")
def schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def _operations(schema: Any) -> list[Any]:
    return [operation for path in schema["paths"].values() for operation in path.values()]


def test_it_is_valid_and_comes_without_a_warning(tmp_path: Path) -> None:
    GENERATOR_STATS.reset()

    call_command("spectacular", "--fail-on-warn", file=str(tmp_path / "schema.yaml"))
    validate_schema(SchemaGenerator().get_schema(public=True))  # type: ignore[no-untyped-call]

    assert not GENERATOR_STATS


def test_it_describes_every_endpoint(schema: Any) -> None:
    assert {
        (method.upper(), path) for path, methods in schema["paths"].items() for method in methods
    } == {
        ("GET", "/api/v1/locations/"),
        ("POST", "/api/v1/locations/"),
        ("GET", "/api/v1/locations/{location_id}/"),
        ("DELETE", "/api/v1/locations/{location_id}/"),
        ("GET", "/api/v1/sessions/"),
        ("POST", "/api/v1/sessions/"),
        ("GET", "/api/v1/sessions/{session_id}/"),
        ("POST", "/api/v1/sessions/{session_id}/restart/"),
        ("POST", "/api/v1/sessions/{session_id}/stop/"),
        ("POST", "/api/v1/sessions/{session_id}/unlink/"),
        ("POST", "/api/v1/sessions/{session_id}/pairing-code/"),
        ("GET", "/api/v1/sessions/{session_id}/proxy/"),
        ("PUT", "/api/v1/sessions/{session_id}/proxy/"),
        ("DELETE", "/api/v1/sessions/{session_id}/proxy/"),
        ("GET", "/api/v1/sessions/{session_id}/messages/"),
        ("POST", "/api/v1/sessions/{session_id}/messages/"),
        ("GET", "/api/v1/webhooks/"),
        ("POST", "/api/v1/webhooks/"),
        ("GET", "/api/v1/webhooks/{webhook_id}/"),
        ("PATCH", "/api/v1/webhooks/{webhook_id}/"),
        ("DELETE", "/api/v1/webhooks/{webhook_id}/"),
        ("POST", "/api/v1/webhooks/{webhook_id}/rotate/"),
        ("POST", "/api/v1/webhooks/{webhook_id}/test/"),
        ("POST", "/api/v1/webhooks/{webhook_id}/replay/"),
        ("GET", "/api/v1/webhooks/{webhook_id}/deliveries/"),
        ("POST", "/api/v1/webhooks/deliveries/{delivery_id}/replay/"),
    }


def test_it_describes_each_operation_and_requires_a_key(schema: Any) -> None:
    for operation in _operations(schema):
        assert operation["summary"] and operation["description"] and operation["tags"]
        assert operation["security"] == [{"ApiKey": []}]
    assert schema["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_it_has_an_example_for_each_failure_code(schema: Any) -> None:
    for operation in _operations(schema):
        failures = {s: r for s, r in operation["responses"].items() if not s.startswith("2")}
        assert "401" in failures
        for status, response in failures.items():
            [(media_type, content)] = response["content"].items()
            assert media_type == "application/problem+json"
            for example in content["examples"].values():
                assert example["value"]["type"].startswith("urn:pairline:problem:")
                assert example["value"]["title"]
                assert str(example["value"]["status"]) == status


def test_it_has_an_example_of_each_body(schema: Any) -> None:
    for operation in _operations(schema):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                assert content.get("examples"), operation["operationId"]


def test_it_describes_the_headers_of_limits_and_repetitions(schema: Any) -> None:
    for operation in _operations(schema):
        answers = operation["responses"]
        assert answers["429"]["headers"]["Retry-After"]["required"] is True
        done = next(answer for status, answer in answers.items() if status.startswith("2"))
        assert "RateLimit-Remaining" in done["headers"]
    send = schema["paths"]["/api/v1/sessions/{session_id}/messages/"]["post"]
    assert "Idempotent-Replayed" in send["responses"]["202"]["headers"]


def test_it_describes_fields_that_need_it(schema: Any) -> None:
    snapshot = schema["components"]["schemas"]["Snapshot"]["properties"]
    for name in ("status", "reason", "action", "qr", "last_proof_at", "version"):
        assert snapshot[name]["description"]


@pytest.mark.django_db
def test_it_is_served_to_everyone() -> None:
    answer = Client().get("/api/schema/", {"format": "json"})

    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "Pairline API"


@pytest.mark.django_db
def test_it_loads_nothing_from_elsewhere_in_the_api_page() -> None:
    page = Client().get("/api/docs/")

    html = page.content.decode()
    assert page.status_code == 200
    assert "swagger-ui-bundle.js" in html
    assert re.findall(r"""(?:src|href)=["']([^"']+)""", html)
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert not re.search(r"<style|<script>|\son\w+=|style=", html)  # the policy would stop them


@pytest.mark.django_db
def test_it_serves_the_pages_script_from_its_own_url() -> None:
    html = Client().get("/api/docs/").content.decode()
    [address] = re.findall(r'<script src="(/api/docs/[^"]+)"', html)

    script = Client().get(address.replace("&amp;", "&"))

    assert script.headers["Content-Type"].startswith("application/javascript")
    assert 'url: "/api/schema/"' in script.content.decode().replace("\\u002D", "-")


def test_it_writes_the_schema_to_a_file() -> None:
    out = StringIO()

    call_command("spectacular", stdout=out)

    assert out.getvalue().startswith("openapi: 3.")


@pytest.mark.parametrize("code", ["invalid", "session_not_ready", "webhook_off"])
def test_it_refuses_a_problem_code_registered_twice(code: str) -> None:
    with pytest.raises(ValueError, match=code):
        register_code(code, "Another title")
