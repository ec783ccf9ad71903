#!/usr/bin/env python3
"""Writes what Jinja2 renders from a set of chat templates: the cases of the C# tests.

The environment is that of transformers' apply_chat_template: an immutable sandbox with trim_blocks, lstrip_blocks and
loop controls, its own tojson, raise_exception, strftime_now at a fixed time, and the generation tag. Every template here
is written for these tests, in the style of a family of models. The file holds the templates, the sets of variables, and
cases that name one of each by its place and add one of

    text       what is rendered
    raised     what the template says through raise_exception
    error      the reference's exception, when it fails in another way

    python scripts/export_chat_cases.py --out T5GemmaSharp.Tests/Fixtures/Chat/cases.json     needs jinja2 >= 3.1
"""
import argparse
import datetime
import json

import chat_templates
import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2024, 7, 9, 4, 5, 6)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    result = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = NOW.strftime
    return result


def run(template, variables):
    try:
        return {"text": environment().from_string(template).render(**variables)}
    except Raised as raised:
        return {"raised": str(raised)}
    except Exception as exception:  # whatever the reference fails with
        return {"error": f"{type(exception).__name__}: {exception}"}


def place(table, item):
    if item not in table:
        table.append(item)
    return table.index(item)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", required=True)
    out = arguments.parse_args().out
    templates, variables, cases = [], [], []
    for template, values in chat_templates.cases():
        cases.append({"template": place(templates, template), "variables": place(variables, values), **run(template, values)})
    tables = {"templates": templates, "variables": variables, "cases": cases}
    with open(out, "w", encoding="ascii") as file:
        parts = [f'"{name}": [\n' + ",\n".join(json.dumps(item) for item in table) + "\n]" for name, table in tables.items()]
        file.write("{" + ",\n".join(parts) + "}\n")
    print(f"{len(cases)} cases, jinja2 {jinja2.__version__}")
