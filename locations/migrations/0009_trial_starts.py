"""Record who began which trial. Of accounts that are on trial, that is their first owner."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def record_running_trials(apps, schema_editor):
    Member = apps.get_model("locations", "Member")
    TrialStart = apps.get_model("locations", "TrialStart")
    db = schema_editor.connection.alias
    owners = Member.objects.using(db).filter(role="owner", account__state="trial")
    first = {}
    columns = ("account_id", "user_id", "account__created_at")
    for account, user, at in owners.order_by("created_at", "pk").values_list(*columns).iterator():
        first.setdefault(account, TrialStart(account_id=account, user_id=user, started_at=at))
    TrialStart.objects.using(db).bulk_create(first.values(), batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0008_reword_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrialStart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account_id", models.UUIDField(editable=False, unique=True)),
                (
                    "started_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trial_starts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunPython(record_running_trials, migrations.RunPython.noop),
    ]
