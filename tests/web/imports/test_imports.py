"""Uploading an archive, the choice of the business's name, and what is refused."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from hirocrm.core import clock
from hirocrm.sync import upload_pieces, uploads
from hirocrm.sync.imports import read_into
from hirocrm.sync.models import RunKind, SyncRun
from hirocrm.sync.sources.archive import OwnNameUnknown

FACEBOOK = "your_facebook_activity"


def archive(
    *threads: tuple[str, ...],
    instagram: tuple[tuple[str, ...], ...] = (),
    folder: str = f"{FACEBOOK}/",
) -> SimpleUploadedFile:
    """A Facebook download with a thread for each tuple of participants, and maybe Instagram's beside it."""
    placed = [(folder, names) for names in threads]
    placed += [("your_instagram_activity/", names) for names in instagram]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for number, (place, names) in enumerate(placed):
            thread = {
                "participants": [{"name": name} for name in names],
                "messages": [
                    {
                        "sender_name": names[0],
                        "timestamp_ms": 1_767_225_600_000 + number,
                        "content": "hm po?",
                    }
                ],
                "title": "Conversation",
                "thread_path": f"inbox/thread_{number}",
            }
            path = f"{place}messages/inbox/thread_{number}/message_1.json"
            file.writestr(path, json.dumps(thread))
    return SimpleUploadedFile("facebook.zip", content.getvalue(), "application/zip")


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


class TestUpload:
    def test_leads_to_the_run(self, sign_in, agent):
        file = archive(("Mia Cruz", "Ana's Closet"), ("Ben Reyes", "Ana's Closet"))

        response = sign_in(agent).post("/imports", {"file": file})

        run = SyncRun.objects.get()
        assert response["Location"] == reverse("run", args=[run.id])
        assert (run.kind, run.options["ownName"]) == (RunKind.IMPORT, "Ana's Closet")

    def test_leads_htmx_there_too(self, sign_in, agent):
        file = archive(("Mia Cruz", "Ana's Closet"), ("Ben Reyes", "Ana's Closet"))

        response = sign_in(agent).post("/imports", {"file": file}, headers={"hx-request": "true"})

        assert response["HX-Redirect"] == reverse("run", args=[SyncRun.objects.get().id])

    def test_asks_which_name_is_the_business(self, sign_in, agent):
        client = sign_in(agent)

        choice = client.post("/imports", {"file": archive(("Mia Cruz", "Ana's Closet"))})
        asked = client.get(choice["Location"])
        client.post(choice["Location"], {"own_name": "Ana's Closet"})

        assert "Which one is your business?" in asked.text
        assert asked.text.count("in 1 conversation") == 2
        assert SyncRun.objects.get().options["ownName"] == "Ana's Closet"

    def test_leads_to_the_run_again_when_the_choice_is_sent_twice(self, sign_in, agent):
        client = sign_in(agent)
        choice = client.post("/imports", {"file": archive(("Mia Cruz", "Ana's Closet"))})
        client.post(choice["Location"], {"own_name": "Ana's Closet"})
        run = SyncRun.objects.get()
        read_into(run.pk)

        again = client.post(choice["Location"], {"own_name": "Ana's Closet"})
        back = client.get(choice["Location"])

        assert {again["Location"], back["Location"]} == {reverse("run", args=[run.id])}
        assert SyncRun.objects.count() == 1

    def test_asks_which_download_of_two_is_meant(self, sign_in, agent):
        client = sign_in(agent)
        both = archive(
            ("Mia Cruz", "Ana's Closet"),
            ("Ben Reyes", "Ana's Closet"),
            instagram=(("leo.gomez", "anas.closet"), ("kim", "anas.closet")),
        )

        choice = client.post("/imports", {"file": both})
        asked = client.get(choice["Location"])
        names = client.get(f"{choice['Location']}?platform=instagram")
        client.post(f"{choice['Location']}?platform=instagram", {"own_name": "anas.closet"})

        assert "Which one first?" in asked.text
        assert 'value="anas.closet" checked' in names.text
        assert "Ana&#x27;s Closet" not in names.text
        run = SyncRun.objects.get()
        assert (run.options["platform"], run.options["ownName"]) == ("instagram", "anas.closet")

    def test_takes_no_other_name(self, sign_in, agent):
        client = sign_in(agent)
        choice = client.post("/imports", {"file": archive(("Mia Cruz", "Ana's Closet"))})

        response = client.post(choice["Location"], {"own_name": "Somebody"})

        assert response.status_code == 422
        assert not SyncRun.objects.exists()

    def test_keeps_the_upload_when_the_name_was_wrong(self, owner):
        file = archive(("Mia Cruz", "Ana's Closet"))
        upload_id = uploads.save_upload(member=owner, chunks=file.chunks(), now=clock.now())

        with pytest.raises(OwnNameUnknown) as refusal:
            uploads.import_upload(
                member=owner, upload_id=upload_id, own_name="Somebody", now=clock.now()
            )

        assert refusal.value.details["upload_id"] == upload_id
        assert uploads.find_upload(member=owner, upload_id=upload_id).size == file.size
        assert not SyncRun.objects.exists()

    def test_says_what_is_wrong_with_the_file(self, sign_in, agent):
        file = SimpleUploadedFile("photo.zip", b"not a zip at all")

        response = sign_in(agent).post("/imports", {"file": file})

        assert response.status_code == 422
        assert "archive_not_a_zip" in response.text

    def test_says_that_it_is_too_large(self, sign_in, agent, monkeypatch):
        monkeypatch.setattr(upload_pieces, "MAX_BYTES", 10)

        response = sign_in(agent).post("/imports", {"file": archive(("a", "b"))})

        assert response.status_code == 422
        assert "An archive of more than 2 GB can&#x27;t be uploaded." in response.text

    def test_swaps_only_the_upload_for_htmx(self, sign_in, agent):
        file = SimpleUploadedFile("photo.zip", b"not a zip at all")

        response = sign_in(agent).post("/imports", {"file": file}, headers={"hx-request": "true"})

        assert (response.status_code, response["HX-Retarget"]) == (422, "#upload")
        assert "<html" not in response.text

    def test_wants_a_file(self, sign_in, agent):
        assert "Choose the ZIP file first." in sign_in(agent).post("/imports").text

    def test_is_refused_to_a_viewer(self, sign_in, viewer):
        client = sign_in(viewer)

        assert "not start one" in client.get("/imports").text
        assert client.post("/imports", {"file": archive(("a", "b"))}).status_code == 403

    def test_another_organizations_upload_does_not_exist(self, sign_in, agent, stranger):
        choice = sign_in(agent).post("/imports", {"file": archive(("Mia Cruz", "Ana's Closet"))})

        assert sign_in(stranger).get(choice["Location"]).status_code == 404
