# What got a count with create = false keeps what it had.

moved {
  from = aws_dynamodb_table.this
  to   = aws_dynamodb_table.this[0]
}
