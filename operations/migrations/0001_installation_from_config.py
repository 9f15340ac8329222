"""Take ``Installation`` over from ``config``. The table stays as it is.

Its content type moves, too: permissions that operators were granted on the model stay valid.
"""

import uuid

import django.utils.timezone
from django.db import migrations, models


def _move_content_type(apps, old, new):
    content_types = apps.get_model("contenttypes", "ContentType").objects
    content_types.filter(app_label=old, model="installation").update(app_label=new)


def to_operations(apps, schema_editor):
    _move_content_type(apps, "config", "operations")


def to_config(apps, schema_editor):
    _move_content_type(apps, "operations", "config")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("config", "0001_installation"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Installation",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, editable=False
                            ),
                        ),
                    ],
                    options={"db_table": "config_installation"},
                ),
            ],
        ),
        migrations.RunPython(to_operations, to_config, elidable=True),
    ]
