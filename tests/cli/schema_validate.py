#!/usr/bin/env python3
"""Does the schema that `warder policy schema` prints tell policies that load from those that do not?

usage: schema_validate.py WARDER SOURCE     The validator and the YAML reader are Debian's, none of ours.

Every policy that loads must be valid, both as an editor types its values (YAML 1.2) and with each value a text. Every
file under tests/data/policies/bad must be no YAML, or invalid, unless by_meaning.txt there names it: what is wrong with those
is no matter of shape (names that are unknown, keys that exclude each other, strictness of our own YAML).
"""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml


class Typed(yaml.SafeLoader):
    """The core schema of YAML 1.2, as editors have it: `yes` is a text."""


Typed.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("tag:yaml.org,2002:bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Typed.add_implicit_resolver(tag, re.compile(pattern), list(first))


def trees(path):
    """The file as an editor types it, and as texts alone; None: no YAML."""
    text = path.read_bytes()
    try:
        return [yaml.load(text, Typed), yaml.load(text, yaml.BaseLoader)]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def main():
    warder, source = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([warder, "policy", "schema"], check=True, stdout=subprocess.PIPE).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong, good, bad = [], 0, 0
    for folder in ("policies", "policies/example", "tests/data/policies/good", "tests/data/policies/golden"):
        for path in sorted((source / folder).glob("*.yaml")):
            good += 1
            for tree in trees(path) or [None]:
                for error in validator.iter_errors(tree):
                    wrong.append(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    folder = source / "tests/data/policies/bad"
    by_meaning = set((folder / "by_meaning.txt").read_text().split("\n\n", 1)[1].split())
    for path in sorted(folder.glob("*.yaml")):
        bad += 1
        read = trees(path)
        valid = read is not None and all(validator.is_valid(tree) for tree in read)
        if valid and path.name not in by_meaning:
            wrong.append(f"{path}: is valid; mend the shape, or name it in by_meaning.txt")
        if not valid and path.name in by_meaning:
            wrong.append(f"{path}: is not valid, and by_meaning.txt names it")
        by_meaning.discard(path.name)
    wrong += [f"by_meaning.txt names {name}, which is not there" for name in sorted(by_meaning)]
    if good < 7 or bad < 280:
        wrong.append(f"only {good} good and {bad} bad policies were looked at")
    print("\n".join(wrong))
    print(f"{good} good and {bad} bad policies, {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
