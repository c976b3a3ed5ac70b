import json

import pytest

from hirocrm.meta.graph.usage import Advice, PoolUsage, Usage, parse_usage


def business(**entries):
    return {"x-business-use-case-usage": json.dumps(entries)}


class TestParseUsage:
    def test_reads_the_apps_header(self):
        usage = parse_usage({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":26}'})

        assert usage == Usage((PoolUsage("app", 28.0),))

    def test_reads_instagrams_own_names(self):
        usage = parse_usage({"x-app-usage": '{"call_volume":3,"cpu_time":81}'})

        assert usage.percent == 81.0

    def test_reads_every_entry_of_every_account(self):
        usage = parse_usage(
            business(
                **{
                    "110000000000001": [
                        {
                            "type": "messenger",
                            "call_count": 95,
                            "total_cputime": 20,
                            "total_time": 20,
                        },
                        {"type": "pages", "call_count": 208, "estimated_time_to_regain_access": 7},
                    ]
                }
            )
        )

        assert usage.pools == (
            PoolUsage("messenger", 95.0, "110000000000001"),
            PoolUsage("pages", 208.0, "110000000000001", 420.0),
        )
        assert usage.percent == 208.0
        assert usage.regain_seconds == 420.0

    def test_takes_the_highest_of_all_headers(self):
        usage = parse_usage(
            {
                "x-page-usage": '{"call_count":12,"total_time":77}',
                "x-app-usage": '{"call_count":"3"}',
            }
        )

        assert usage.percent == 77.0

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"x-app-usage": ""},
            {"x-app-usage": "not json"},
            {"x-app-usage": "[1]"},
            {"x-app-usage": '{"call_count":null}'},
            {"x-app-usage": '{"call_count":"many","total_time":true}'},
            {"x-business-use-case-usage": '{"1":null,"2":[null,7,{}]}'},
        ],
    )
    def test_takes_missing_and_odd_headers_for_unknown(self, headers):
        usage = parse_usage(headers)

        assert usage.percent is None
        assert usage.regain_seconds is None
        assert usage.advice is Advice.GO_ON

    def test_no_time_to_regain_means_not_blocked(self):
        usage = parse_usage(business(a=[{"call_count": 95, "estimated_time_to_regain_access": 0}]))

        assert usage.regain_seconds is None


class TestAdvice:
    @pytest.mark.parametrize(
        ("percent", "advice"),
        [
            (74.9, Advice.GO_ON),
            (75, Advice.SLOW_DOWN),
            (89.9, Advice.SLOW_DOWN),
            (90, Advice.PAUSE_BACKGROUND),
            (99.9, Advice.PAUSE_BACKGROUND),
            (100, Advice.STOP),
            (724, Advice.STOP),
        ],
    )
    def test_follows_the_highest_percentage(self, percent, advice):
        assert Usage((PoolUsage("app", 1), PoolUsage("page", percent))).advice is advice
