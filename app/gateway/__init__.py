"""What dashboards subscribe to: REST, server-sent events and the live page."""
