import django.db.models.deletion
from django.db import migrations, models

import locations.models.plans

# name: locations, connections, people, API calls a minute (None: no limit), is it the default?
PLANS = {
    "Trial": (3, 3, 3, 120, True),
    "Standard": (25, 25, 10, 600, False),
    "Agency": (None, None, None, 6_000, False),
}


def make_plans(apps, schema_editor):
    """The first three plans; who is a customer already goes on without a limit."""
    Plan, Account = apps.get_model("locations", "Plan"), apps.get_model("locations", "Account")
    for name, (places, sessions, members, calls, default) in PLANS.items():
        Plan.objects.create(
            name=name,
            max_locations=places,
            max_sessions=sessions,
            max_members=members,
            max_api_calls_a_minute=calls,
            is_default=default,
        )
    agency = Plan.objects.get(name="Agency")
    Account.objects.update(plan=agency, state="active", trial_ends_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ("locations", "0002_audit_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True)),
                ("max_locations", models.PositiveIntegerField(blank=True, null=True, verbose_name="locations")),
                ("max_sessions", models.PositiveIntegerField(blank=True, null=True, verbose_name="connections")),
                ("max_members", models.PositiveIntegerField(blank=True, null=True, verbose_name="people")),
                ("max_api_calls_a_minute", models.PositiveIntegerField(blank=True, null=True, verbose_name="API calls a minute")),
                ("is_default", models.BooleanField(default=False, help_text="The plan of accounts that have none of their own.", verbose_name="default")),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(condition=models.Q(("is_default", True)), fields=("is_default",), name="plan_default_once")],
            },
        ),
        migrations.AddField(
            model_name="account",
            name="plan",
            field=models.ForeignKey(blank=True, help_text="Empty is the default plan.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="accounts", to="locations.plan"),
        ),
        migrations.AddField(
            model_name="account",
            name="state",
            field=models.CharField(choices=[("trial", "Trial"), ("active", "Active"), ("past_due", "Past due"), ("suspended", "Suspended")], default="trial", max_length=10),
        ),
        migrations.AddField(
            model_name="account",
            name="trial_ends_at",
            field=models.DateTimeField(blank=True, default=locations.models.plans.trial_end, null=True),
        ),
        migrations.AddField(
            model_name="account",
            name="own_max_locations",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="locations"),
        ),
        migrations.AddField(
            model_name="account",
            name="own_max_sessions",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="connections"),
        ),
        migrations.AddField(
            model_name="account",
            name="own_max_members",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="people"),
        ),
        migrations.AddField(
            model_name="account",
            name="own_max_api_calls_a_minute",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="API calls a minute"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(condition=models.Q(("state__in", ["trial", "active", "past_due", "suspended"])), name="account_state_known"),
        ),
        migrations.RunPython(make_plans, migrations.RunPython.noop),
    ]
