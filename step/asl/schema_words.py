"""What the fields of definitions are for, in a sentence each: what an editor shows where one hovers.

Pure: data only.
"""

from __future__ import annotations

from collections.abc import Mapping

STATES: Mapping[str, str] = {
    "Task": "Does work: a Lambda function, another service of AWS, another machine, an activity.",
    "TaskFn": "A Task that the handler of the state's name does; step writes its Resource and its payload.",
    "Wait": "Waits for so many seconds, or until a moment.",
    "Pass": "Passes its input on, or what it makes of it.",
    "Succeed": "Ends its scope with success.",
    "Fail": "Ends the machine with an error.",
    "Choice": "Goes on by the first rule that holds.",
    "Parallel": "Runs branches at the same time; its result is the array of their outputs.",
    "Map": "Runs its states for each item; its result is the array of the outputs.",
}
# A field that means something else in one of them has a line of its own: "Catch.Output".
FIELDS: Mapping[str, str] = {
    "Arguments": "What the work is given; every string in it may be a JSONata expression.",
    "Assign": "Variables for later states, by name.",
    "BackoffRate": "What the interval is multiplied by for each further attempt (2.0 unless given).",
    "BatchInput": "What every batch gets besides its items.",
    "Branches": "The machines that run at the same time.",
    "CSVDelimiter": "What stands between columns (COMMA unless given).",
    "CSVHeaderLocation": "Where the names of columns are: in the FIRST_ROW, or GIVEN here.",
    "CSVHeaders": "The names of columns, where CSVHeaderLocation is GIVEN.",
    "Catch": "Where to go on after an error that no retry mended; the first catcher that names it.",
    "Catch.Output": "What the next state gets; $states.errorOutput has the error.",
    "Catch.ResultPath": "Where in the state's input the error goes; null drops it.",
    "Cause": "What a person should know of the error.",
    "CausePath": "Where in the input the cause stands; a path or an intrinsic function.",
    "Choices": "The rules, in the order in which they are tried.",
    "Comment": "For whoever reads the definition; nothing is done with it.",
    "Condition": "Whether the rule holds: a JSONata expression, or true or false.",
    "Credentials": "The role that is taken for the work, in another account perhaps.",
    "Default": "The state that comes next where no rule holds.",
    "End": "Whether this state ends its scope.",
    "Error": "The error's name, which Retry and Catch around it match.",
    "ErrorEquals": "Names of errors; States.ALL is every error but States.Runtime.",
    "ErrorPath": "Where in the input the error's name stands; a path or an intrinsic function.",
    "ExecutionType": "What child executions are: STANDARD, or EXPRESS for those of at most five minutes.",
    "HeartbeatSeconds": "How long the work may say nothing; less than TimeoutSeconds.",
    "HeartbeatSecondsPath": "Where in the input HeartbeatSeconds stands.",
    "InputPath": "The part of the input that is used; null: an empty object.",
    "InputType": "The format of the items: CSV, JSON, JSONL, PARQUET or MANIFEST.",
    "IntervalSeconds": "How long to wait before the first retry (1 unless given).",
    "ItemBatcher": "Gives each child execution a batch of items instead of one.",
    "ItemProcessor": "The states that are run for each item.",
    "ItemReader": "Reads the items from S3.",
    "ItemSelector": "What an iteration gets; its item is $$.Map.Item.Value, $states.context.Map.Item.Value.",
    "Items": "The items: an array, or a JSONata expression that gives one.",
    "ItemsPath": "Where in the input the array of items stands.",
    "ItemsPointer": "A JSON pointer to the array of items in the object.",
    "Iterator": "The former name of ItemProcessor.",
    "JitterStrategy": "FULL: each interval is a random one of at most the computed length.",
    "Label": "What the executions of this Map are called by, in their ARN.",
    "ManifestType": "What kind of manifest the object is.",
    "MaxAttempts": "How often at most it is tried again (3 unless given; 0: never).",
    "MaxConcurrency": "How many iterations run at once; 0: as many as can.",
    "MaxConcurrencyPath": "Where in the input MaxConcurrency stands.",
    "MaxDelaySeconds": "The longest interval that the backoff comes to.",
    "MaxInputBytesPerBatch": "How large a batch may be.",
    "MaxInputBytesPerBatchPath": "Where in the input MaxInputBytesPerBatch stands.",
    "MaxItems": "How many items are read at most.",
    "MaxItemsPath": "Where in the input MaxItems stands.",
    "MaxItemsPerBatch": "How many items a batch has at most.",
    "MaxItemsPerBatchPath": "Where in the input MaxItemsPerBatch stands.",
    "Mode": "INLINE: in this execution; DISTRIBUTED: a child execution for each item or batch.",
    "Next": "The state that comes next, in the same scope.",
    "Output": "What comes out; $states.result is what the work gave, $states.input what came in.",
    "OutputPath": "The part of the outcome that comes out; null: an empty object.",
    "OutputType": "The format of the results.",
    "Parameters": 'What the work is given: a key that ends in ".$" takes a path or an intrinsic function.',
    "ProcessorConfig": "How iterations are run.",
    "QueryLanguage": "JSONPath or JSONata; a JSONata machine has no JSONPath states.",
    "ReaderConfig": "The format of what is read, and how much of it.",
    "Resource": "What does the work: an ARN.",
    "Result": "What the state gives, as it is written here.",
    "ResultPath": "Where in the input the result goes; null drops it.",
    "ResultSelector": "What is taken from the result, before ResultPath.",
    "ResultWriter": "Writes the results to S3.",
    "Retry": "When and how often to try again; the first retrier that names the error.",
    "RoleArn": "The role's ARN.",
    "RoleArn.$": "Where in the input the role's ARN stands.",
    "Seconds": "How long.",
    "SecondsPath": "Where in the input Seconds stands.",
    "StartAt": "The state that begins.",
    "States": "The states, by name: up to 80 characters, each once in the whole definition.",
    "TimeoutSeconds": "How long it may take; then it fails with States.Timeout.",
    "TimeoutSecondsPath": "Where in the input TimeoutSeconds stands.",
    "Timestamp": "The moment, in RFC 3339: 2026-01-31T04:05:06Z.",
    "TimestampPath": "Where in the input the moment stands.",
    "ToleratedFailureCount": "How many items may fail before the Map does.",
    "ToleratedFailureCountPath": "Where in the input ToleratedFailureCount stands.",
    "ToleratedFailurePercentage": "What share of items may fail before the Map does.",
    "ToleratedFailurePercentagePath": "Where in the input ToleratedFailurePercentage stands.",
    "Transformation": "What is made of the results; in a reader: whether listed objects are read too.",
    "Type": "What the state does.",
    "Variable": "The path of what is compared.",
    "Version": "The version of the language: 1.0.",
    "WriterConfig": "The form in which results are written.",
    "And": "Holds where all of these do.",
    "Or": "Holds where one of these does.",
    "Not": "Holds where this one doesn't.",
    "IsPresent": "Whether there is something at Variable.",
    "StringMatches": "Holds where the text fits; * stands for any characters, \\\\* for an asterisk.",
}
_KINDS = {"String": "a text", "Numeric": "a number", "Boolean": "true or false", "Timestamp": "a moment"}
_RELATIONS = {
    "Equals": "equal to",
    "LessThan": "less than",
    "GreaterThan": "greater than",
    "LessThanEquals": "at most",
    "GreaterThanEquals": "at least",
}
_TESTS = {
    "IsNull": "null",
    "IsString": "a text",
    "IsNumeric": "a number",
    "IsBoolean": "true or false",
    "IsTimestamp": "a moment in RFC 3339",
}


def field_words(name: str, owner: str = "") -> str:
    """Say what a field is for; ``owner`` is the object or type that has it."""
    told = FIELDS.get(f"{owner}.{name}") or FIELDS.get(name)
    return told if told is not None else _operator_words(name)


def _operator_words(name: str) -> str:
    if name in _TESTS:
        return f"Whether Variable is {_TESTS[name]}."
    bare = name.removesuffix("Path")
    kind = next(kind for kind in _KINDS if bare.startswith(kind))
    than = "the value at this path" if name != bare else "this"
    return f"Holds where Variable is {_KINDS[kind]}, {_RELATIONS[bare.removeprefix(kind)]} {than}."
