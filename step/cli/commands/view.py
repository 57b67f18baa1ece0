"""``step view``: the viewer, over AWS or any endpoint."""

from __future__ import annotations

import argparse
import json
import webbrowser

from step.aws.step_functions import StepFunctions
from step.cli.places import add_place_arguments, aws_of
from step.clock import pause

EXAMPLES = (
    "step view --profile production",
    "step view bread:loaf-1",
    "step view arn:aws:states:eu-west-1:123456789012:execution:bread:loaf-1 --actions",
)
EXITS = {
    0: "never: it goes on until Ctrl-C",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "Ctrl-C: the viewer ended",
}
_DAY_SECONDS = 86400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "execution",
        nargs="?",
        metavar="EXECUTION",
        help="an execution's name, MACHINE:NAME, or ARN (default: the list of all)",
    )
    parser.add_argument(
        "--actions", action="store_true", help="let its pages start, stop and redrive (default: only look)"
    )
    parser.add_argument("--port", type=int, default=0, help="the port on loopback (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from step.local.viewer.aws_source import AwsSource
    from step.local.viewing import StandaloneViewer

    aws = aws_of(options)
    arn = StepFunctions(aws).execution_arn(options.execution) if options.execution else None
    viewer = StandaloneViewer(AwsSource(aws, can_act=options.actions), port=options.port)
    try:
        viewer.start()
        url = viewer.url(arn)
        print(json.dumps({"viewer": url}) if options.output == "json" else f"{aws.where}: {url}", flush=True)
        if not options.no_browser:
            webbrowser.open(url)
        while True:
            pause(_DAY_SECONDS)
    finally:
        viewer.close()
