"""The HTML door: pages for people, drawn on the server; script only helps the hand."""
