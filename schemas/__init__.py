"""The public contract: what geonews reads from and writes to Kafka, as typed models.

Nothing here imports Kafka, HTTP or metrics libraries; every other package may import this one.
"""
