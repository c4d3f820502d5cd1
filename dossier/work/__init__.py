"""Durable work: queue rows, leases, and the killable children that do the dangerous part."""
