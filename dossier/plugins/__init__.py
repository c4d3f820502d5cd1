"""Built-in features. Each comes in by the hooks of :mod:`dossier.hookspecs`, as a stranger's would."""
