"""Every metric of geonews, in one typed list; `docs/metrics.md` is generated from it and a test holds them together.

Label values are bounded: topics come from the taxonomy, stages and reasons from closed lists, partitions from Kafka.
"""

from prometheus_client import Counter, Gauge, Histogram

# From a hundredth of a millisecond to ten seconds: a step on one article up to a slow model on a whole batch.
_DURATIONS = (0.00001, 0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# From the seconds of a live feed to the days of a backlog.
_AGES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0, 604800.0)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000)

ARTICLES = Counter(
    "geonews_articles", "Input articles of committed transactions, by what became of them.", ["agent", "outcome"]
)
EVENTS_OUT = Counter("geonews_events_out", "Events that were committed, by topic.", ["topic"])
DEAD_LETTERS = Counter(
    "geonews_dead_letters", "Records that were dead-lettered, by stage and reason.", ["stage", "reason"]
)
STAGE_SECONDS = Histogram(
    "geonews_stage_seconds", "Time that a stage took for one batch.", ["stage"], buckets=_DURATIONS
)
TRANSACTION_SECONDS = Histogram(
    "geonews_transaction_seconds", "Time from begin to commit of a transaction.", ["agent"], buckets=_DURATIONS
)
TRANSACTIONS = Counter("geonews_transactions", "Transactions, by how they ended.", ["agent", "result"])
BATCH_RECORDS = Histogram("geonews_batch_records", "Records in one transaction.", ["agent"], buckets=_SIZES)
QUEUE_SECONDS = Histogram(
    "geonews_queue_seconds", "Time that a batch waited for its agent's thread.", ["agent"], buckets=_DURATIONS
)
LAG_RECORDS = Gauge(
    "geonews_lag_records", "Records of an input partition that are not committed yet.", ["agent", "partition"]
)
LAG_SECONDS = Gauge(
    "geonews_lag_seconds",
    "Age of the oldest record known not to be committed; it grows while a lane stands still, and is 0 when none waits.",
    ["agent", "partition"],
)
PROGRESS_TIMESTAMP = Gauge(
    "geonews_progress_timestamp_seconds",
    "When a lane last committed, or found that nothing waits; seconds since the epoch.",
    ["agent", "partition"],
)
EVENT_AGE_SECONDS = Histogram(
    "geonews_event_age_seconds", "Time from an article's publication to the commit of its event.", buckets=_AGES
)
PROCESSING_SECONDS = Histogram(
    "geonews_processing_seconds",
    "Time from a raw record's timestamp in Kafka to the commit of its event.",
    buckets=_AGES,
)
SEEN_ENTRIES = Gauge(
    "geonews_seen_entries", "Fingerprints remembered by a lane of classify or route.", ["agent", "partition"]
)
SEEN_EVICTED = Counter(
    "geonews_seen_evicted", "Fingerprints forgotten before their time because the lane's bound was reached.", ["agent"]
)
LANES = Gauge("geonews_lanes", "Lanes open in this process.", ["agent"])
LANE_RESTARTS = Counter(
    "geonews_lane_restarts", "Lanes that were reopened after an error, by cause.", ["agent", "cause"]
)
REBALANCES = Counter("geonews_rebalances", "Partition assignments received.", ["agent"])
KAFKA_UP = Gauge("geonews_kafka_up", "1 while the agent's group coordinator answers its heartbeats, else 0.", ["agent"])
MODEL_SECONDS = Histogram(
    "geonews_model_seconds", "Time that the classifier took for one batch.", ["model"], buckets=_DURATIONS
)
# These two count what was classified, a batch that is tried again included.
MODEL_ARTICLES = Counter(
    "geonews_model_articles", "Articles classified, by the stage of the cascade that decided.", ["model", "stage"]
)
SCORES = Histogram(
    "geonews_scores",
    "Scores with which articles were accepted for a topic.",
    ["topic"],
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0),
)
SCORE_PSI = Gauge(
    "geonews_score_psi",
    "Population stability index of the last 1000 accepted scores against those of the labelled texts; none before 200.",
    ["topic"],
)
INGESTED = Counter("geonews_ingested", "Articles put on the raw topic, by kind of source.", ["kind"])
FETCHES = Counter("geonews_fetches", "Fetches of feeds, by result.", ["result"])
SOURCES = Gauge("geonews_sources", "Sources that this process polls, by how they are doing.", ["status"])
SHARDS = Gauge("geonews_source_shards", "Shards of the catalogue that this process polls.")
SHARD_RESTARTS = Counter(
    "geonews_source_shard_restarts", "Shards that began again after an error, by cause.", ["cause"]
)
# By source of the catalogue: some hundreds.
SOURCE_ARTICLES = Counter("geonews_source_articles", "New articles of a source.", ["source"])
SOURCE_FAILURES = Gauge("geonews_source_failures", "Polls of a source that failed in a row.", ["source"])
SOURCE_WAIT_SECONDS = Gauge(
    "geonews_source_wait_seconds", "Time from a source's last poll to its next one; back-off included.", ["source"]
)
SOURCE_NEWS_TIMESTAMP = Gauge(
    "geonews_source_news_timestamp_seconds",
    "When a source last had a new article; seconds since the epoch.",
    ["source"],
)
PAGES = Counter("geonews_pages", "Article pages fetched for their text, by what came of it.", ["result"])
WEBHOOKS = Counter("geonews_webhook_messages", "Alerts offered to webhooks, by what came of it.", ["webhook", "result"])
PUSHED = Counter("geonews_pushed", "Requests to POST /v1/articles, by HTTP status.", ["status"])
GATEWAY_CLIENTS = Gauge("geonews_gateway_clients", "Clients connected to the event stream.")
GATEWAY_BEHIND = Gauge("geonews_gateway_clients_behind", "Stream clients that are not yet, or no longer, in step.")
GATEWAY_EVENTS = Counter(
    "geonews_gateway_events", "Records that the gateway read from Kafka, by what they are.", ["kind"]
)
GATEWAY_SKIPPED = Counter("geonews_gateway_skipped", "Records that the gateway could not read.", ["channel"])
GATEWAY_SENT = Counter("geonews_gateway_sent", "Messages sent to stream clients in step.", ["kind"])
GATEWAY_LAG_SECONDS = Histogram(
    "geonews_gateway_lag_seconds", "Time from a record's timestamp in Kafka to when clients are sent it.", buckets=_AGES
)
GATEWAY_INDEXED = Gauge("geonews_gateway_indexed", "Records in the gateway's window.", ["kind"])
GATEWAY_REQUESTS = Counter(
    "geonews_gateway_requests", "Requests answered, by operation and HTTP status.", ["operation", "status"]
)
GATEWAY_DROPPED = Counter("geonews_gateway_dropped_clients", "Stream clients that were dropped, by reason.", ["reason"])
for _reason in ("slow", "stalled", "log-replaced", "shutdown"):
    GATEWAY_DROPPED.labels(_reason)  # from the start: of a counter that begins at 1 the increase is never seen
BUILD_INFO = Gauge(
    "geonews_build_info", "1, labelled with the version and the model that runs.", ["version", "model", "model_version"]
)
