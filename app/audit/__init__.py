"""The audit: proves from Kafka alone that every record was decided exactly once and that nothing is missing."""

from app.audit.report import AuditReport, Balance, Finding, Place
from app.audit.run import audit

__all__ = ["AuditReport", "Balance", "Finding", "Place", "audit"]
