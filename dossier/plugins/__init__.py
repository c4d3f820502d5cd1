"""Built-in features, by the same hooks (:mod:`dossier.hookspecs`) as a stranger's."""
