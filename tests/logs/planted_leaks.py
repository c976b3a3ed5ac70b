"""Tests that log what none may log. Only test_log_guard.py runs them: each must fail."""

import logging

import structlog

from tests.log_guard import guard


def test_a_message():
    log = structlog.get_logger("hirocrm.planted")
    log.info("planted", text="Magkano po ang payong na kulay dalandan?")


def test_a_token_in_an_error():
    try:
        int("EAAplanted0123456789")
    except ValueError:
        logging.getLogger("planted").exception("planted")


def test_a_process():
    log = "event='planted' text='Magkano po ang payong na kulay dalandan?'\n"
    guard.new_file().write_text(log)
