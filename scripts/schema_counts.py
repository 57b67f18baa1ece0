"""See that the editors' JSON Schema refuses no recorded definition that lint accepts.

    python scripts/schema_counts.py CORPUS

CORPUS is a folder of recordings as validator_counts.py reads them. Exits with 1 where it refuses one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jsonschema import Draft7Validator
from validator_counts import read_cases

from step.asl.schema import definition_schema
from step.asl.source import read_source, source_of
from step.asl.validate import has_errors, validate


def main(corpus: Path) -> int:
    schema = Draft7Validator(definition_schema())
    accepted = refused = 0
    for case in read_cases(corpus):
        source = (
            read_source(case.definition) if isinstance(case.definition, str) else source_of(case.definition)
        )
        if has_errors(validate(source, type=case.type)):
            continue
        accepted += 1
        for error in list(schema.iter_errors(source.value))[:1]:
            refused += 1
            print(f"{case.name}: {error.json_path}: {json.dumps(error.instance)[:120]}")
    print(f"{accepted} definitions that lint accepts; the schema refuses {refused}")
    return 1 if refused or not accepted else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
