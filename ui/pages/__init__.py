"""The pages, one module a subject; each route declares what it demands."""
