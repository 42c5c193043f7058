"""A strict DynamoDB in memory, for a deterministic simulation of the application."""

from tests.simulation.store.errors import StoreError
from tests.simulation.store.store import DynamoStore

__all__ = ["DynamoStore", "StoreError"]
