"""What the commands around deploys share: the words that name one, its progress, its last line.

A word has one dash or two: ``-lambda``, ``--lambda``. Knows no AWS operation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from step.aws.connection import Aws, AwsPlace
from step.aws.deploys import Deploys, Wish
from step.aws.step_functions import Event
from step.cli.inputs import read_text
from step.cli.output import print_json
from step.cli.places import PLACE
from step.deployer.client import (
    DEFAULT_PLACEHOLDER,
    DeployOutcome,
    ExitCode,
    detached,
    lost_contact,
    read_cause,
)
from step.deployer.lock import LockHeld, LockItem
from step.deployer.release import MAX_DEFINITION_BYTES, Release
from step.errors import NoContact, StepError
from step.jsonvalue import JSONObject
from step.machine import StateMachine
from step.machine.files import definition_file, read_text_file
from step.view.text import human_duration
from step.view.visits import event_details, moment

MAX_LINE = 300
DEPLOY_EXITS = {
    0: "Success: it is live, the lock is free",
    2: "nothing was started: the message says what to do",
    10: "FailureClean: what was live is live",
    11: "locked: somebody else deploys, or a person holds the lock",
    12: "FailurePartial: of several regions some have the release; the cause says what is live where",
    20: "FailureDirty: the cause lists what is wrong, and the command that mends it",
    21: "lost contact: the deploy runs on",
    130: "Ctrl-C: detached, the deploy runs on",
}


def add_word(parser: argparse._ActionsContainer, name: str, **more: object) -> None:
    """Add an option with one dash or two."""
    parser.add_argument(f"-{name}", f"--{name}", **more)  # type: ignore[arg-type]  # argparse's own words


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words that say whose deploys are meant."""
    add_word(parser, "step", required=True, metavar="NAME", help="the state machine's name")
    add_word(parser, "project", metavar="NAME", help="default: the function's tag ProjectName")
    add_word(parser, "config", metavar="NAME", help="default: the function's tag ConfigName")
    add_word(parser, "account", metavar="ID", help="the project's account (default: the credentials')")
    add_word(parser, "deployer", metavar="NAME", help="default: step-deployer-CONFIG, or step-deployer")
    place = parser.add_argument_group(PLACE)
    add_word(place, "region", help="the project's region (default: the environment's or the profile's)")
    place.add_argument("--endpoint", metavar="URL", help="where the service is, as `step serve` prints it")
    place.add_argument("--profile", help="the profile of ~/.aws/config")


def add_release_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words that say what is to be deployed."""
    add_word(
        parser,
        "lambda",
        dest="functions",
        action="append",
        required=True,
        metavar="[PLACEHOLDER=]NAME",
        help="a function (repeatable); PLACEHOLDER is what stands for its ARN in the definition (default: "
        f"{DEFAULT_PLACEHOLDER}; of several: the NAME, with _ for -)",
    )
    add_word(
        parser,
        "states",
        required=True,
        metavar="DEFINITION",
        help="the definition: its text, a file, or - for stdin",
    )
    add_word(
        parser,
        "zip",
        dest="zips",
        action="append",
        type=Path,
        metavar="FILE",
        help="its zip (repeatable, in the order of -lambda; default: lambda.zip)",
    )
    add_word(
        parser,
        "image",
        dest="images",
        action="append",
        default=[],
        metavar="FUNCTION=URI",
        help="a function's container image in ECR, by its digest, instead of a zip (repeatable)",
    )
    add_word(
        parser,
        "layer",
        dest="layers",
        action="append",
        default=[],
        metavar="FUNCTION=ARN",
        help="a layer's version that the function has to have (repeatable, in their order)",
    )
    add_word(parser, "bucket", metavar="NAME", help="the release bucket (default: the deployer's)")
    add_target_arguments(parser)


def deploys_of(options: argparse.Namespace) -> Deploys:
    """Make the client that the options mean; the deployer is in the environment's region."""
    home = Aws(AwsPlace(endpoint=options.endpoint, profile=options.profile))
    if options.region is None:
        return Deploys(home, home)
    away = Aws(AwsPlace(endpoint=options.endpoint, region=options.region, profile=options.profile))
    return Deploys(home if home.has_region else away, away)


def wish_of(options: argparse.Namespace) -> Wish:
    """Read what the options say of a deploy.

    Raises:
        StepError: there isn't a zip for each function.
    """
    words = getattr(options, "functions", None) or ()
    functions = [_function(text, is_alone=len(words) == 1) for text in words]
    names = [name for name, _ in functions]
    images = dict(_of_functions(getattr(options, "images", ()), "-image", names))
    layers: dict[str, tuple[str, ...]] = {}
    for name, layer in _of_functions(getattr(options, "layers", ()), "-layer", names):
        layers[name] = (*layers.get(name, ()), layer)
    zipped = [name for name in names if name not in images]
    zips = getattr(options, "zips", None) or ([Path("lambda.zip")] if zipped else [])
    if len(zips) != len(zipped):
        raise StepError(f"{len(zipped)} functions and {len(zips)} zips: give -zip for each -lambda")
    files = iter(zips)
    return Wish(
        machine=options.step,
        functions=functions,
        zips=[None if name in images else next(files) for name in names],
        images=images,
        layers=layers,
        project=options.project,
        config=options.config,
        account=options.account,
        region=options.region,
        deployer=options.deployer,
        bucket=getattr(options, "bucket", None),
    )


def _of_functions(texts: Iterable[str], word: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Read what is said of single functions: ``NAME=VALUE``."""
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in names:
            raise StepError(f"{word} {text}: expected FUNCTION=..., with a function of -lambda")
        yield name, value


def _function(text: str, *, is_alone: bool) -> tuple[str, str]:
    placeholder, equals, name = text.rpartition("=")
    if equals:
        return name, placeholder
    return name, DEFAULT_PLACEHOLDER if is_alone else name.replace("-", "_")


def read_definition(text: str, machine: str) -> str:
    """Read the definition that an option means, and write it as AWS takes it.

    Raises:
        StepError: it is too large.
        DefinitionError: AWS would refuse it.
    """
    if text != "-" and not text.lstrip().startswith("{"):
        text = read_text_file(definition_file(text))
    else:
        text = read_text(text)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_DEFINITION_BYTES:
        raise StepError(f"the definition has {size:,} bytes; AWS takes no more than {MAX_DEFINITION_BYTES:,}")
    return StateMachine.from_json(text, name=machine).to_json()


def watch(
    deploys: Deploys, release: Release, start: Callable[[], str], *, as_json: bool, is_quiet: bool
) -> int:
    """Start a deploy and print its progress on stderr, and how it ended as the last line of stdout."""
    arn = ""
    try:
        arn = start()
        print_progress(deploys.follow(arn), is_quiet=is_quiet)
        outcome = deploys.outcome(release, arn)
    except NoContact as error:
        print(f"step: {error}", file=sys.stderr)
        outcome = lost_contact(release)
    except KeyboardInterrupt:
        # Whether the request for the start had got through is not known here.
        outcome = detached(release)
    _print_outcome(outcome, release, arn, as_json=as_json)
    return int(outcome.exit_code)


def finish(
    deploys: Deploys,
    start: Callable[[], str],
    describe: Callable[[JSONObject], str],
    *,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Start an execution of the deployer that deploys nothing, and print what it came to.

    Args:
        deploys: The client.
        start: Starts it; gives its ARN.
        describe: Words its output, where it succeeded.
        as_json: Whether to print JSON.
        is_quiet: Whether to print no progress.
    """
    arn = start()
    try:
        print_progress(deploys.follow(arn), is_quiet=is_quiet)
    except KeyboardInterrupt:
        print(f"Detached: it runs on. See how it ends with `step history {arn}`.")
        return int(ExitCode.DETACHED)
    except NoContact as error:
        print(f"Lost contact: {error}. It runs on: `step history {arn}`.")
        return int(ExitCode.LOST_CONTACT)
    about = deploys.describe(arn)
    is_done = about["status"] == "SUCCEEDED"
    output = json.loads(about.get("output") or "null")
    told = {member: about.get(member) for member in ("status", "error", "cause")}
    if as_json:
        print_json({"execution": arn, **told, "output": output})
    elif is_done:
        print(describe(output if isinstance(output, dict) else {}))
    elif about.get("error") == "FailureClean":
        name, message = read_cause(about.get("cause"))
        print(f"FailureClean: nothing was changed: {name}: {_one_line(message)}")
    else:
        # Its last line is the command that mends it.
        print(f"{about.get('error') or about['status']}: {about.get('cause') or 'no cause is told'}")
    if is_done:
        return int(ExitCode.SUCCESS)
    if about.get("error") != "FailureClean":
        return int(ExitCode.DIRTY)
    return int(ExitCode.LOCKED if read_cause(about.get("cause"))[0] == "LockHeld" else ExitCode.CLEAN)


def change_lock(change: Callable[[], LockItem], text: str, *, as_json: bool) -> int:
    """Change a lock by hand, and print what that has led to."""
    try:
        item = change()
    except LockHeld as error:
        print(f"step: {error}", file=sys.stderr)
        return int(ExitCode.LOCKED)
    if as_json:
        facts = {"owner": item.owner, "fence": item.fence, "phase": item.phase, "halt": item.halt}
        print_json({**facts, "until_ms": item.until_ms, "reason": item.reason})
    else:
        print(text)
    return int(ExitCode.SUCCESS)


def print_progress(events: Iterable[Event], *, is_quiet: bool = False) -> None:
    """Print a line for each state that does something, once, and for what failed in it."""
    began = None
    told = set()
    for event in events:
        began = began or moment(event)
        if is_quiet:
            continue
        details = event_details(event)
        after = human_duration((moment(event) - began).total_seconds())
        if event["type"].endswith("StateEntered"):
            if details["name"] in told or event["type"].startswith("Choice"):
                continue
            told.add(details["name"])
            print(f"{after:>12}  {details['name']}", file=sys.stderr, flush=True)
        elif "error" in details and not event["type"].startswith("Execution"):
            said = read_cause(f"{details['error']}: {details.get('cause', '')}")
            print(f"{'':>12}    {said[0]}: {_one_line(said[1])}", file=sys.stderr, flush=True)


def _print_outcome(outcome: DeployOutcome, release: Release, arn: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "release_id": release.release_id,
                "execution": arn or None,
                "outcome": outcome.exit_code.name,
                "exit_status": int(outcome.exit_code),
                "text": outcome.text,
            }
        )
    else:
        print(outcome.text)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
