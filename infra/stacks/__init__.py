"""The stacks, stateful apart from stateless."""
