"""The gallery shows every component; who sees it, and what the browser is told not to load."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from hirocrm.web import manifest
from hirocrm.web.policy import POLICY

TEMPLATES = Path(manifest.__file__).parent / "templates"
FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
ICON = re.compile(r"{% icon ['\"]([a-z0-9-]+)['\"]")


@pytest.fixture
def staff_client(owner, client: Client) -> Client:
    owner.user.is_staff = True
    owner.user.save(update_fields=["is_staff"])
    client.force_login(owner.user)
    return client


class TestGallery:
    def test_is_there_for_staff(self, staff_client):
        response = staff_client.get("/design")

        assert response.status_code == 200
        assert response["Content-Security-Policy"] == POLICY

    def test_does_not_exist_for_anyone_else(self, owner, client):
        client.force_login(owner.user)

        response = client.get("/design")

        assert response.status_code == 404
        assert b"There is nothing here" in response.content

    def test_holds_no_inline_script_or_style(self, staff_client):
        page = staff_client.get("/design").content.decode()

        assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
        assert re.findall(r"<[^>]+\s(?:style|on[a-z]+)=", page) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []

    def test_shows_every_component(self):
        shown = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
        names = {path.stem for path in (TEMPLATES / "components").glob("*.html")}

        unused = {
            name
            for name in names
            if f"components/{name}.html" not in shown
            and f'component "{name}"' not in shown
            and f'part "{name}"' not in shown
        }

        assert unused - {"load_more"} == set()

    def test_follows_the_chosen_theme(self, staff_client):
        staff_client.cookies["theme"] = "dark"

        assert b'data-theme="dark"' in staff_client.get("/design").content


class TestIcons:
    def test_every_icon_a_template_names_is_in_the_sprite(self):
        lucide = set(json.loads((FRONTEND / "icons" / "lucide.json").read_text()))
        own = {path.stem for path in (FRONTEND / "icons").glob("*.svg")}
        named = {
            name for path in TEMPLATES.rglob("*.html") for name in ICON.findall(path.read_text())
        }

        assert named - lucide - own == set()


class TestTheme:
    def test_is_remembered_without_javascript(self, client):
        response = client.post("/theme", {"theme": "dark", "next": "/design"})

        assert response["Location"] == "/design"
        assert response.cookies["theme"].value == "dark"

    def test_follows_the_system_again(self, client):
        client.cookies["theme"] = "dark"

        response = client.post("/theme", {"theme": "system", "next": "//evil.example"})

        assert response["Location"] == "/"
        assert response.cookies["theme"]["max-age"] == 0
