"""The dashboards: which questions they answer, with which queries."""

from typing import Final

from panels import Board, Panel, quantiles, rate

BOARDS: Final = (
    Board(
        "geonews-delivery",
        "geonews: delivery",
        (
            (
                "Is it on time?",
                (
                    Panel(
                        "Event age",
                        "s",
                        "From the publisher's own time to the commit: sources and pipeline together.",
                        quantiles("geonews_event_age_seconds"),
                    ),
                    Panel(
                        "Processing",
                        "s",
                        "From the raw record's timestamp to the commit of its event: the pipeline alone.",
                        quantiles("geonews_processing_seconds"),
                    ),
                    Panel(
                        "Lag in seconds",
                        "s",
                        "Age of the oldest record that is not committed. One line apart from the rest: one ill lane.",
                        [("max by (agent, partition) (geonews_lag_seconds)", "{{agent}} {{partition}}")],
                    ),
                    Panel(
                        "Lag in records",
                        "short",
                        "Records that are not committed yet.",
                        [("sum by (agent) (geonews_lag_records)", "{{agent}}")],
                    ),
                    Panel(
                        "Since the last progress",
                        "s",
                        "How long ago the slowest lane committed, or found nothing waiting.",
                        [
                            (
                                "time() - min by (agent) (geonews_progress_timestamp_seconds)",
                                "{{agent}}",
                            )
                        ],
                    ),
                ),
            ),
            (
                "What becomes of articles?",
                (
                    Panel(
                        "Articles",
                        "ops",
                        "Input of committed transactions, by what became of them. Rekeyed ones come again.",
                        rate("geonews_articles_total", "agent", "outcome"),
                        stacked=True,
                    ),
                    Panel(
                        "Duplicates",
                        "percentunit",
                        "Share of articles that were known already.",
                        [
                            (
                                'sum by (agent) (rate(geonews_articles_total{outcome="duplicates"}[$__rate_interval]))'
                                ' / sum by (agent) (rate(geonews_articles_total{outcome!="rekeyed"}'
                                "[$__rate_interval]))",
                                "{{agent}}",
                            )
                        ],
                    ),
                    Panel(
                        "Dead letters",
                        "ops",
                        "By stage and reason. step-failed is a defect of ours, all else a producer's.",
                        rate("geonews_dead_letters_total", "stage", "reason"),
                        stacked=True,
                    ),
                    Panel(
                        "Events by topic",
                        "ops",
                        "Events that were committed.",
                        rate("geonews_events_out_total", "topic"),
                    ),
                ),
            ),
            (
                "Where does the time go?",
                (
                    Panel(
                        "Stages",
                        "percentunit",
                        "Seconds of each second that a stage works, all workers together.",
                        rate("geonews_stage_seconds_sum", "stage"),
                        stacked=True,
                    ),
                    Panel(
                        "Model",
                        "s",
                        "Time that the classifier took for one batch.",
                        quantiles("geonews_model_seconds", "model"),
                    ),
                    Panel(
                        "Queue",
                        "s",
                        "Time that a batch waited for its agent's thread.",
                        quantiles("geonews_queue_seconds", "agent"),
                    ),
                    Panel(
                        "Transactions",
                        "s",
                        "From begin to commit.",
                        quantiles("geonews_transaction_seconds", "agent"),
                    ),
                    Panel(
                        "Batches",
                        "short",
                        "Records in one transaction: small ones mean that nothing waits.",
                        quantiles("geonews_batch_records", "agent"),
                    ),
                ),
            ),
            (
                "Is it calm?",
                (
                    Panel(
                        "Transactions by result",
                        "ops",
                        "Fenced: two workers hold one partition. Aborted: Kafka took too long.",
                        rate("geonews_transactions_total", "agent", "result"),
                    ),
                    Panel(
                        "Rebalances",
                        "short",
                        "Assignments in ten minutes.",
                        [("sum by (agent) (increase(geonews_rebalances_total[10m]))", "{{agent}}")],
                    ),
                    Panel(
                        "Lanes",
                        "short",
                        "Lanes open: as many as there are partitions.",
                        [("sum by (agent) (geonews_lanes)", "{{agent}}")],
                    ),
                    Panel(
                        "Kafka reached",
                        "short",
                        "Workers whose coordinator answers.",
                        [("sum by (agent) (geonews_kafka_up)", "{{agent}}")],
                    ),
                    Panel(
                        "Remembered articles",
                        "short",
                        "Fingerprints that lanes keep; full at GEONEWS_SEEN_MAX_ENTRIES.",
                        [("max by (agent) (geonews_seen_entries)", "{{agent}}, the fullest lane")],
                    ),
                    Panel(
                        "Versions",
                        "short",
                        "Workers by version and model: two lines during a roll.",
                        [
                            (
                                "count by (version, model, model_version) (geonews_build_info)",
                                "{{version}} {{model}} {{model_version}}",
                            )
                        ],
                        stacked=True,
                    ),
                    Panel(
                        "Memory",
                        "bytes",
                        "Resident memory of each process.",
                        [("process_resident_memory_bytes", "{{job}} {{instance}}")],
                    ),
                    Panel(
                        "CPU",
                        "percentunit",
                        "Seconds of CPU in each second.",
                        [("rate(process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}")],
                    ),
                ),
            ),
        ),
    ),
    Board(
        "geonews-content",
        "geonews: content",
        (
            (
                "Classification",
                (
                    Panel(
                        "Who decides",
                        "percentunit",
                        "Share of articles by the stage of the cascade that decided.",
                        [
                            (
                                "sum by (stage) (rate(geonews_model_articles_total[$__rate_interval])) / ignoring "
                                "(stage) group_left sum (rate(geonews_model_articles_total[$__rate_interval]))",
                                "{{stage}}",
                            )
                        ],
                        stacked=True,
                    ),
                    Panel(
                        "Accepted scores",
                        "none",
                        "Median score with which articles are accepted for a topic.",
                        quantiles("geonews_scores", "topic", 0.5),
                    ),
                    Panel(
                        "Drift of scores",
                        "none",
                        "Population stability index against the labelled texts: 0.1 is nothing, 0.25 is something.",
                        [("max by (topic) (geonews_score_psi)", "{{topic}}")],
                    ),
                ),
            ),
            (
                "Sources",
                (
                    Panel(
                        "Sources by status",
                        "short",
                        "Of the catalogue, as their workers see them.",
                        [("sum by (status) (geonews_sources)", "{{status}}")],
                        stacked=True,
                    ),
                    Panel(
                        "Fetches",
                        "ops",
                        "Of feeds and pages, by result.",
                        rate("geonews_fetches_total", "result"),
                        stacked=True,
                    ),
                    Panel(
                        "Ingested",
                        "ops",
                        "Articles put on the raw topic, by kind of source.",
                        rate("geonews_ingested_total", "kind"),
                        stacked=True,
                    ),
                    Panel(
                        "The stalest sources",
                        "s",
                        "Time since the newest article of the ten that are longest without one.",
                        [
                            (
                                "topk(10, time() - max by (source) (geonews_source_news_timestamp_seconds))",
                                "{{source}}",
                            )
                        ],
                    ),
                ),
            ),
        ),
    ),
    Board(
        "geonews-gateway",
        "geonews: gateway",
        (
            (
                "Readers",
                (
                    Panel(
                        "Stream clients",
                        "short",
                        "Connected now.",
                        [("sum by (instance) (geonews_gateway_clients)", "{{instance}}")],
                    ),
                    Panel(
                        "Clients behind",
                        "short",
                        "Of these, who is not in step with what comes: replaying, or too slow.",
                        [("sum by (instance) (geonews_gateway_clients_behind)", "{{instance}}")],
                    ),
                    Panel(
                        "From Kafka to clients",
                        "s",
                        "From a record's timestamp to when clients in step are sent it.",
                        quantiles("geonews_gateway_lag_seconds"),
                    ),
                    Panel(
                        "Read from Kafka",
                        "ops",
                        "What the gateways read, by kind; each reads everything.",
                        rate("geonews_gateway_events_total", "instance", "kind"),
                    ),
                    Panel(
                        "Messages sent",
                        "ops",
                        "To clients in step, by kind.",
                        rate("geonews_gateway_sent_total", "kind"),
                    ),
                    Panel(
                        "Requests",
                        "ops",
                        "Answered, by operation and status.",
                        rate("geonews_gateway_requests_total", "operation", "status"),
                        stacked=True,
                    ),
                    Panel(
                        "Window",
                        "short",
                        "Records that are kept for clients and searches.",
                        [("sum by (instance, kind) (geonews_gateway_indexed)", "{{instance}} {{kind}}")],
                    ),
                    Panel(
                        "Dropped clients",
                        "ops",
                        "By reason. shutdown is a restart of ours.",
                        rate("geonews_gateway_dropped_clients_total", "reason"),
                        stacked=True,
                    ),
                    Panel(
                        "Pushed articles",
                        "ops",
                        "Requests to POST /v1/articles, by status.",
                        rate("geonews_pushed_total", "status"),
                        stacked=True,
                    ),
                ),
            ),
        ),
    ),
)
