"""Pure rules of the trade, each taking the instant it is asked for (``at``)."""
