from django.db import migrations, models


class Migration(migrations.Migration):
    # On its own: PostgreSQL alters no table in the transaction that has just filled it.
    dependencies = [("sessions_app", "0002_device_names_and_accounts_of_events")]

    operations = [
        migrations.AlterField(
            model_name="sessionevent",
            name="account",
            field=models.ForeignKey(
                on_delete=models.deletion.CASCADE,
                related_name="session_events",
                to="locations.account",
            ),
        ),
        migrations.AddIndex(
            model_name="sessionevent",
            index=models.Index(fields=["account", "-at", "-id"], name="event_of_account"),
        ),
        migrations.AddIndex(
            model_name="sessionevent",
            index=models.Index(fields=["session", "at"], name="event_of_session"),
        ),
    ]
