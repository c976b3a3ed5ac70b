from collections.abc import AsyncIterator
from typing import Any

import pytest

from hirocrm.analysis.providers.anthropic import AnthropicProvider
from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    ModelRetired,
    PromptBlocked,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRefused,
    TokenUsage,
)
from hirocrm.analysis.providers.http import ProviderHttp
from hirocrm.analysis.providers.protocol import CompletionRequest
from hirocrm.core.errors import UpstreamError
from tests.analysis.vendor_server import Answer, Vendor, running

SECRET = "sk-ant-the-key-of-the-tests"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
QUESTION = CompletionRequest(model="claude-x", system="Label.", user="Hi?", schema=SCHEMA)


def done(*blocks: dict[str, Any], stop: str = "end_turn") -> Answer:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 90,
        "cache_creation_input_tokens": 5,
        "output_tokens": 7,
    }
    return Answer(
        {
            "id": "msg_1",
            "model": "claude-x-1",
            "content": blocks,
            "stop_reason": stop,
            "usage": usage,
        }
    )


def error(status: int, message: str, **headers: str) -> Answer:
    body = {"type": "error", "error": {"type": "x", "message": message}}
    return Answer(body, status=status, headers=headers)


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    async with ProviderHttp(concurrency=4, answer_seconds=2) as opened:
        yield opened


class TestComplete:
    async def test_asks_by_output_format(self, http: ProviderHttp) -> None:
        async with running(Vendor(done({"type": "text", "text": '{"a":"b"}'}))) as vendor:
            answer = await AnthropicProvider(http, base_url=vendor.url).complete(
                QUESTION, secret=SECRET
            )

        seen = vendor.seen[0]
        assert seen.path == "/v1/messages"
        assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == (
            SECRET,
            "2023-06-01",
        )
        assert seen.body["output_config"] == {
            "format": {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}
        }
        assert seen.body["system"][0]["cache_control"] == {"type": "ephemeral"}
        assert answer.text == '{"a":"b"}'
        assert answer.usage == TokenUsage(tokens_in=105, tokens_out=7, tokens_cached=90)

    async def test_gives_an_older_model_a_tool_and_remembers(self, http: ProviderHttp) -> None:
        refused = error(400, "output_config: Extra inputs are not permitted")
        tool = done({"type": "tool_use", "input": {"a": "ñ"}}, stop="tool_use")
        async with running(Vendor(refused, tool)) as vendor:
            provider = AnthropicProvider(http, base_url=vendor.url)
            answer = await provider.complete(QUESTION, secret=SECRET)
            await provider.complete(QUESTION, secret=SECRET)

        assert answer.text == '{"a": "ñ"}'
        assert ["tools" in seen.body for seen in vendor.seen] == [False, True, True]
        assert vendor.seen[1].body["tool_choice"] == {"type": "tool", "name": "record_analysis"}


class TestErrors:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (error(401, f"invalid x-api-key {SECRET}"), KeyRefused),
            (error(404, "model: claude-x"), ModelRetired),
            (error(400, "messages: too long"), RequestRefused),
            (error(529, "Overloaded"), ProviderUnavailable),
            (error(400, "Your credit balance is too low"), QuotaExceeded),
            (done(), AnswerInvalid),
            (done({"type": "text", "text": "{"}, stop="max_tokens"), AnswerTruncated),
            (done({"type": "text", "text": "No."}, stop="refusal"), PromptBlocked),
        ],
    )
    async def test_are_told_apart(
        self, http: ProviderHttp, answer: Answer, kind: type[UpstreamError]
    ) -> None:
        async with running(Vendor(answer)) as vendor:
            with pytest.raises(UpstreamError) as caught:
                await AnthropicProvider(http, base_url=vendor.url).complete(QUESTION, secret=SECRET)

        assert type(caught.value) is kind
        assert SECRET not in str(caught.value)

    async def test_a_rate_limit_gives_its_delay(self, http: ProviderHttp) -> None:
        async with running(Vendor(error(429, "slow", **{"retry-after": "12"}))) as vendor:
            with pytest.raises(QuotaExceeded) as caught:
                await AnthropicProvider(http, base_url=vendor.url).complete(QUESTION, secret=SECRET)

        assert (caught.value.scope.value, caught.value.retry_after_seconds) == ("minute", 12.0)


class TestListModels:
    async def test_names_them(self, http: ProviderHttp) -> None:
        async with running(Vendor(Answer({"data": [{"id": "claude-x-20260101"}]}))) as vendor:
            found = await AnthropicProvider(http, base_url=vendor.url).list_models(secret=SECRET)

        assert found == ("claude-x-20260101",)
        assert vendor.seen[0].path == "/v1/models?limit=1000"

    async def test_raises_what_the_vendor_says(self, http: ProviderHttp) -> None:
        async with running(Vendor(error(401, "invalid x-api-key"))) as vendor:
            with pytest.raises(KeyRefused):
                await AnthropicProvider(http, base_url=vendor.url).list_models(secret=SECRET)
