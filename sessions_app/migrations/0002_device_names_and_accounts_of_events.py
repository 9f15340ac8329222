from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill_account(apps, schema_editor):
    events = apps.get_model("sessions_app", "SessionEvent").objects
    sessions = apps.get_model("sessions_app", "Session").objects
    account = sessions.filter(pk=OuterRef("session_id")).values("account_id")[:1]
    events.filter(account=None).update(account_id=Subquery(account))


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0002_audit_log"),
        ("sessions_app", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="device_name",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="sessionevent",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="session_events",
                to="locations.account",
            ),
        ),
        migrations.RunPython(fill_account, migrations.RunPython.noop),
    ]
