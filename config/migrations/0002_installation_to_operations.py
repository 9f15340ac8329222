"""Hand ``Installation`` over to ``operations``. The table stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0001_installation"),
        ("operations", "0001_installation_from_config"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="Installation")],
        ),
    ]
