import json

import pytest

from tests.sandbox.conftest import Answer, Caller
from tests.sandbox.test_gemini import PROMPT, SCHEMA


class OpenAi(Caller):
    def complete(self, **more: object) -> Answer:
        body = {
            "model": "gpt-5-mini",
            "messages": [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": PROMPT}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        }  # fmt: skip
        return self.post("/v1/chat/completions", body | more)


class Anthropic(Caller):
    def message(self, **more: object) -> Answer:
        body = {
            "model": "claude-haiku-4-5", "max_tokens": 2048, "system": "You are an analyst.",
            "messages": [{"role": "user", "content": PROMPT}],
        }  # fmt: skip
        return self.post("/v1/messages", body | more, headers={"x-api-key": "k", "anthropic-version": "2023-06-01"})  # fmt: skip


class TestOpenAi:
    @pytest.fixture
    def openai(self, sandbox) -> OpenAi:
        return OpenAi(sandbox.graph_url, "sk-1")

    def test_completes_a_chat(self, openai, sandbox):
        body = openai.complete().json

        (choice,) = body["choices"]
        assert choice["finish_reason"] == "stop"
        assert json.loads(choice["message"]["content"])["recommendedStage"] == "Negotiating"
        assert body["usage"]["total_tokens"] == (
            body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
        )
        assert sandbox.control.openai.key("sk-1")["calls"] == 1

    @pytest.mark.parametrize(("kind", "status", "code"), [("quota", 429, "rate_limit_exceeded"), ("prepayment", 429, "insufficient_quota"), ("key_invalid", 401, "invalid_api_key"), ("retired", 404, "model_not_found"), ("overloaded", 503, "overloaded")])  # fmt: skip
    def test_refuses(self, openai, sandbox, kind, status, code):
        sandbox.control.openai.answers_with(kind, times=1)

        refused = openai.complete()

        assert (refused.status, refused.json["error"]["code"]) == (status, code)
        assert ("retry-after" in refused.headers) == (status == 429)
        assert openai.complete().status == 200

    def test_is_cut_or_filtered(self, openai, sandbox):
        sandbox.control.openai.answers_with("max_tokens", times=1)
        sandbox.control.openai.answers_with("blocked", after=1)

        assert openai.complete().json["choices"][0]["finish_reason"] == "length"
        assert openai.complete().json["choices"][0]["message"]["content"] is None


class TestAnthropic:
    @pytest.fixture
    def anthropic(self, sandbox) -> Anthropic:
        return Anthropic(sandbox.graph_url)

    def test_answers_in_text_or_through_a_tool(self, anthropic):
        tool = {"name": "answer", "input_schema": SCHEMA}

        text = anthropic.message(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}).json  # fmt: skip
        used = anthropic.message(tools=[tool], tool_choice={"type": "tool", "name": "answer"}).json

        assert json.loads(text["content"][0]["text"])["recommendedStage"] == "Negotiating"
        assert (text["stop_reason"], used["stop_reason"]) == ("end_turn", "tool_use")
        assert used["content"][0]["input"]["recommendedStage"] == "Negotiating"

    @pytest.mark.parametrize(("kind", "status", "name"), [("quota", 429, "rate_limit_error"), ("key_invalid", 401, "authentication_error"), ("retired", 404, "not_found_error"), ("overloaded", 529, "overloaded_error")])  # fmt: skip
    def test_refuses(self, anthropic, sandbox, kind, status, name):
        sandbox.control.anthropic.answers_with(kind, times=1)

        refused = anthropic.message()

        assert (refused.status, refused.json["error"]["type"]) == (status, name)
        assert anthropic.message().status == 200

    def test_needs_key_and_version(self, anthropic):
        body = {"model": "m", "messages": []}

        assert anthropic.post("/v1/messages", body).status == 401
        assert anthropic.post("/v1/messages", body, headers={"x-api-key": "k"}).status == 400
