"""Bazaar's fulfillment: stock, money and parcels as three Nameko services, and the processor that moves the
money.
"""
