"""The search index on Elasticsearch 8.19 or 9: for archives that outgrow one machine."""

from dossier.adapters.elasticsearch.index import ElasticsearchIndex
from dossier.adapters.elasticsearch.server import ServerAddress

__all__ = ["ElasticsearchIndex", "ServerAddress"]
