"""DynamoDB: one schema (pynamodb models), one way to write several items (``transact``)."""
