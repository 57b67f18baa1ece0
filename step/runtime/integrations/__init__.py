"""What services make of a Task's payload: shapes of requests, responses and failures, without any call."""

from step.runtime.integrations.lambda_invoke import (
    LAMBDA_INVOKE,
    LambdaCall,
    function_key,
    invocation,
    invoke_response,
)

__all__ = ["LAMBDA_INVOKE", "LambdaCall", "function_key", "invocation", "invoke_response"]
