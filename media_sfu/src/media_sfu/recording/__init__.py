"""The recorder: parts become segments, and segments are kept without holding up the pictures."""
