"""Customer archives on a search index: files in, dossiers out."""
