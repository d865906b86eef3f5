"""Published events judged anew by today's model and taxonomy: corrections, withdrawals, and what was missed."""
