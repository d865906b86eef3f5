"""Where articles come from. A source is one small protocol, `app.sources.base.Source`; `publish` puts it on Kafka."""
