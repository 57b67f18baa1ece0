collect_ignore = ["applications"]
