"""Environment of ``reconcile_wallets``."""

from baccarat.adapters.settings import BooksSettings as Settings

__all__ = ["Settings"]
