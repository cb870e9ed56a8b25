"""Stands in for Streamlit where it is not installed: each thread is a session, which keeps what the page showed."""

from __future__ import annotations

import threading

_session = threading.local()


def shown():
    if not hasattr(_session, "shown"):
        _session.shown = []
    return _session.shown


def text_input(label, value):
    return value


def selectbox(label, options):
    return list(options)[0]


def bar_chart(data):
    shown().append(data)


def dataframe(data):
    shown().append(data)
