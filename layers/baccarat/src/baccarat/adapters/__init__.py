"""AWS and the outside world behind the ports of ``baccarat.application``."""
