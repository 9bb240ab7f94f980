"""The benchmarks: this application beside what Asterisk does by itself, in the same run on the same Asterisk."""
