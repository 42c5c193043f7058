"""The CDK infrastructure: stages, stacks, constructs."""
