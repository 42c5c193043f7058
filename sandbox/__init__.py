"""The one-machine run: an AWS emulator, the real CDK app deployed into it, users, pages."""
