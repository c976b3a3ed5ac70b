"""What a visitor sees while a disk is full."""

import errno
import json

import pytest

from hirocrm.config import asgi, outage

FULL = OSError(errno.ENOSPC, "No space left on device")


def answer_to(request, failure):
    try:
        raise failure
    except type(failure):
        return outage.answer_failure(request)


class TestAnswerFailure:
    def test_says_on_a_page_that_the_disk_is_full(self, rf):
        answer = answer_to(rf.post("/imports", headers={"accept": "text/html"}), FULL)

        assert answer.status_code == 507
        assert "The disk is full" in answer.content.decode()

    def test_tells_programs_and_htmx(self, rf):
        answer = answer_to(rf.post("/imports", headers={"accept": "*/*"}), FULL)

        problem = json.loads(answer.content)
        assert (answer.status_code, problem["status"], problem["code"]) == (507, 507, "disk_full")
        assert json.loads(answer["HX-Trigger"])["toast"]["text"] == problem["detail"]

    def test_leaves_other_faults_what_they_are(self, rf):
        answer = answer_to(rf.post("/imports"), OSError(errno.EIO, "Input/output error"))

        assert answer.status_code == 500


class TestApplication:
    async def test_answers_where_the_body_finds_no_room(self, monkeypatch):
        sent = await self.ask(monkeypatch, FULL)

        assert [part.get("status") for part in sent] == [507, None]
        assert json.loads(sent[1]["body"])["code"] == "disk_full"

    async def test_passes_other_faults_on(self, monkeypatch):
        with pytest.raises(OSError, match="Input/output error"):
            await self.ask(monkeypatch, OSError(errno.EIO, "Input/output error"))

    async def ask(self, monkeypatch, failure):
        sent = []

        async def fails(*_arguments):
            raise failure

        async def send(message):
            sent.append(message)

        monkeypatch.setattr(asgi, "django_application", fails)
        scope = {"type": "http", "method": "POST", "path": "/imports", "headers": []}
        await asgi.application(scope, None, send)
        return sent
