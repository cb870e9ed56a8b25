"""Stands in for Dash where it is not installed: the same names, a Flask server, and callbacks that a request calls."""

from __future__ import annotations

import os

import flask

from . import dcc, html  # noqa: F401


class _Port:
    def __init__(self, component, member):
        self.name = f"{component}.{member}"


Input = Output = _Port


class Dash:
    def __init__(self, name):
        self.server, self.layout = flask.Flask(name), None
        self.server.add_url_rule("/layout", view_func=lambda: flask.jsonify(os.getpid(), repr(self.layout)))

    def callback(self, output, *inputs):
        def register(function):
            def answer():
                return flask.jsonify(os.getpid(), function(*(flask.request.args[port.name] for port in inputs)))
            self.server.add_url_rule(f"/{output.name}", endpoint=output.name, view_func=answer)
            return function
        return register
