# Nothing is deployed from here yet: the stack that deploys the Lambdas and state machines is still to be written.
