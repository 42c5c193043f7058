"""Live Baccarat: the game, its ledger and its log.

``domain`` decides and is pure; ``application`` runs the use cases over ports; ``adapters`` put AWS
behind those ports. Imports only ever point from adapters to application to domain.
"""
