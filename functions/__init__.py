"""The Lambda functions, one folder each; handler.py parses, calls one use case and answers."""
