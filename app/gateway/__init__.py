"""What dashboards subscribe to: REST, server-sent events and the live page.

`follow` reads Kafka into `store`; `api` answers from the store; `stream` sends what is new to each client. Nothing is
kept outside Kafka: any number of gateways can run side by side, and a client may move between them.
"""
