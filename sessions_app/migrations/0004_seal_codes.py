"""Seal the codes that wait for a scan: whoever reads the database should not link a number."""

from django.db import migrations

from core.security.encryption import SealedTextField

CODES = ("qr_text", "pairing_code")


def seal_open_codes(apps, schema_editor):
    """What is in the columns still stands there in the open."""
    sessions = apps.get_model("sessions_app", "Session")._base_manager
    for pk, *codes in sessions.filter(status="qr").values_list("pk", *CODES):
        texts = {name: code.text for name, code in zip(CODES, codes) if code}
        if texts:
            sessions.filter(pk=pk).update(**texts)


def clear_codes(apps, schema_editor):
    """WhatsApp sends the next code within seconds."""
    sessions = apps.get_model("sessions_app", "Session")._base_manager
    sessions.filter(status="qr").update(**dict.fromkeys(CODES, ""))


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_recent_events")]

    operations = [
        *(
            migrations.AlterField(
                "session", name, SealedTextField(blank=True, default="", editable=False)
            )
            for name in CODES
        ),
        migrations.RunPython(seal_open_codes, clear_codes),
    ]
