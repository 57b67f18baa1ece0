# What got a count with create = false keeps what it had.

moved {
  from = aws_cloudwatch_event_rule.recover
  to   = aws_cloudwatch_event_rule.recover[0]
}

moved {
  from = aws_cloudwatch_event_rule.sweep
  to   = aws_cloudwatch_event_rule.sweep[0]
}

moved {
  from = aws_cloudwatch_event_target.recover
  to   = aws_cloudwatch_event_target.recover[0]
}

moved {
  from = aws_cloudwatch_event_target.sweep
  to   = aws_cloudwatch_event_target.sweep[0]
}
