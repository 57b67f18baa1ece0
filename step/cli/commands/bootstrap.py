"""``step bootstrap``: deploy the deployer without itself."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from step.aws.bootstrap import Bootstrap, NotLive
from step.aws.zips import read_zip
from step.cli.deploys import add_word, read_definition
from step.cli.output import print_json
from step.cli.places import add_place_arguments, aws_of
from step.deployer.client import DEFAULT_PLACEHOLDER
from step.errors import Refused
from step.machine.files import deployer_definition

EXAMPLES = (
    "step bootstrap -deployer step-deployer-local -zip build/package/deployer.zip",
    "step bootstrap -deployer step-deployer-local --back   # a broken deployer: the version before",
)
EXITS = {
    0: "the deployer is live",
    2: "nothing was begun: the message says what to do",
    10: "it failed; what was live is live",
    130: "Ctrl-C: run it again, every part of it may be done twice",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_word(parser, "deployer", required=True, metavar="NAME", help="its machine and its function")
    add_word(
        parser,
        "zip",
        type=Path,
        default=Path("build/package/deployer.zip"),
        metavar="FILE",
        help="the function's zip (default: build/package/deployer.zip)",
    )
    add_word(
        parser,
        "states",
        metavar="DEFINITION",
        help="the definition: its text, a file, or - (default: the deployer's own)",
    )
    parser.add_argument(
        "--back", action="store_true", help="lead the alias to the version before the live one instead"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    bootstrap = Bootstrap(aws_of(options))

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    if options.back:
        live = bootstrap.back(options.deployer, say)
    else:
        code = read_zip(options.zip)
        text = options.states or str(deployer_definition())
        definition = read_definition(text, options.deployer)
        try:
            live = bootstrap.deploy(
                options.deployer,
                options.deployer,
                code,
                definition,
                DEFAULT_PLACEHOLDER,
                say,
            )
        except (Refused, NotLive) as error:
            print(f"step bootstrap: {error}; what was live is live", file=sys.stderr)
            print("its lock is yours: run this again, or lead back what is live with --back", file=sys.stderr)
            return 10
    if options.output == "json":
        print_json({"live": live})
    else:
        print(f"live: {live}")
    return 0
