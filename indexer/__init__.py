"""From a file in the inbox to a findable document: watcher, settling, intake, worker, steps."""
