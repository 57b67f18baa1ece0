"""How fast the interpreter is, beside a plain Python loop and moto's interpreter: ``make bench``."""
