# The network of all of them: two private subnets, and nothing but HTTPS on the way out. How far that way leads (VPC
# endpoints, a NAT) is yours to add: Lambda calls the functions without it.

resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11:Where flow logs go, and for how long, is the account's to say.
  cidr_block           = var.cidr_block
  enable_dns_hostnames = true

  tags = { Name = "several" }
}

# The group that everything gets which names none lets nothing through.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr_block, 8, count.index)
  availability_zone = "${var.region}${["a", "b"][count.index]}"

  tags = { Name = "several-${count.index}" }
}

resource "aws_security_group" "functions" {
  # checkov:skip=CKV2_AWS_5:The functions have it, by a module that checkov doesn't follow so far.
  name        = "several-functions"
  description = "The functions of every project."
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.functions.id
  description       = "APIs, and nothing else."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
