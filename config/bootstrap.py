"""Prepare an installation and serve it: settings file, database, static files, web server.

``bin/run`` starts this after it has installed the packages. One process does every step, which
keeps later starts fast. With ``--demo``, Pairline uses a simulated WhatsApp and a data folder of
its own, which is emptied at each start.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

from config.file_modes import keep_files_private

BASE_DIR = Path(__file__).resolve().parent.parent
DEMO_DIR = BASE_DIR / "data" / "demo"
DEMO_EMAIL = "demo@example.com"
DEMO_LOCATIONS = ("Harbour Dental · Lisbon", "Harbour Dental · Porto", "Harbour Dental · Faro")
SIMULATOR_START_SECONDS = 20.0


def main() -> int:
    options = _options()
    keep_files_private("serve")
    _make_env_file(BASE_DIR / ".env", options.port)
    simulator = _prepare_demo(options) if options.demo else None
    try:
        return _serve(options)
    finally:
        if simulator is not None:
            simulator.terminate()
            simulator.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/run")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--demo", action="store_true")
    return parser.parse_args()


def _make_env_file(path: Path, port: int) -> None:
    """Write ``path`` with new secrets, readable by its owner only, unless it exists."""
    if path.exists():
        return
    lines = [
        f"DJANGO_SECRET_KEY={secrets.token_urlsafe(50)}",
        f"FIELD_ENCRYPTION_KEYS={secrets.token_urlsafe(32)}",
        f"PUBLIC_URL=http://localhost:{port}",
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    _print(f"Wrote {path.name} with new secrets; .env.example lists all other settings.")


def _prepare_demo(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Empty the demo folder, set its settings, and start the simulator."""
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    DEMO_DIR.mkdir(parents=True, mode=0o700)
    state = DEMO_DIR / "simulator.json"
    os.environ.update(
        DJANGO_DEBUG="true",
        DATA_DIR=str(DEMO_DIR),
        DATABASE_URL=f"sqlite:///{DEMO_DIR / 'pairline.sqlite3'}",
        REDIS_URL="",
        WEBHOOKS_ALLOW_PRIVATE="true",  # the demo's webhooks go to this machine
        EMAIL_URL="consolemail://",
        WHATSAPP_AUTH_STORE="files",
        WHATSAPP_SIMULATOR=str(state),
        PUBLIC_URL=f"http://localhost:{options.port}",
    )
    simulator = subprocess.Popen(
        [sys.executable, "-m", "simulator.whatsapp", "--state", str(state)],
        cwd=BASE_DIR,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + SIMULATOR_START_SECONDS
    while not state.exists():
        if simulator.poll() is not None or time.monotonic() > deadline:
            simulator.kill()
            raise SystemExit("The simulated WhatsApp did not start: see the lines above.")
        time.sleep(0.05)  # poll: the file comes from another process
    return simulator


def _serve(options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import call_command
    from django.core.management.base import CommandError

    try:
        django.setup()
        from django.conf import settings

        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        call_command("check", stdout=StringIO())
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG and not _static_is_fresh(settings.STATIC_ROOT):
            call_command("collectstatic", interactive=False, verbosity=0)
        _print(_demo_text() if options.demo else _first_steps())
        call_command("serve", host=options.host, port=options.port)
    except CommandError as error:
        _print(str(error))
        return 1
    return 0


def _static_is_fresh(collected: Path) -> bool:
    """Return whether the collected files are newer than our own static files and the installed
    packages (``bin/run`` writes a stamp when it installs them)."""
    manifest = collected / "staticfiles.json"
    if not manifest.exists():
        return False
    sources = [*(BASE_DIR / "static").rglob("*"), *Path(sys.prefix).glob(".installed-*")]
    return all(path.stat().st_mtime <= manifest.stat().st_mtime for path in sources)


def _demo_text() -> str:
    from django.core.management import call_command

    password = secrets.token_urlsafe(9)
    printed = StringIO()
    call_command(
        "create_customer",
        email=DEMO_EMAIL,
        password=password,
        account="Harbour Group",
        location=list(DEMO_LOCATIONS),
        stdout=printed,
    )
    customer = json.loads(printed.getvalue())
    control = json.loads((DEMO_DIR / "simulator.json").read_text())["control"]
    return (
        "\nThis is the demo: WhatsApp is simulated, and no data leave this machine.\n"
        f"  sign in    {DEMO_EMAIL}  ·  {password}\n"
        f"  phones     {control}  (scan codes and write messages there)\n"
        f"  API key    {customer['api_key']}\n"
    )


def _first_steps() -> str:
    from django.conf import settings

    from core import tenancy
    from locations.models import Account

    with tenancy.everyone():
        if Account.objects.exists():
            return ""
    return (
        f"\nThere is no customer yet. Sign up at {settings.PUBLIC_URL}/sign-up/ (mails are\n"
        "printed here until EMAIL_URL names a mail server), or run in another terminal:\n"
        "  .venv/bin/python manage.py create_customer --email you@example.com \\\n"
        '      --account "Your business" --location "Your first location"\n'
        "To add an operator for /admin/:  .venv/bin/python manage.py createsuperuser\n"
    )


def _print(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
