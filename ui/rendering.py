"""Templates: one environment a language, plugins' templates under the plugin's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from gettext import NullTranslations
from typing import Any, Final

import jinja2
from fastapi import Request
from starlette.responses import HTMLResponse

from dossier.hookspecs import PageLink
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import CSRF_FIELD
from ui import formatting, labels
from ui.assets import Assets
from ui.locales import HTML_LANG, LOCALE_NAMES, Catalogues, Words, locale_of

OWN: Final = "ui"
"""Prefix of our own templates; a plugin's ``lending/loans.html`` extends ``ui/base.html``."""


class Renderer:
    """Draws templates for the viewer of a request."""

    def __init__(
        self,
        assets: Assets,
        catalogues: Catalogues,
        plugins: Mapping[str, str],
        links: Sequence[PageLink] = (),
    ) -> None:
        """Make the environments.

        Args:
            assets: the static files.
            catalogues: translations by locale.
            plugins: plugin name → its Python package, for those with a ``templates`` folder.
            links: plugins' links in the head of every page.
        """
        self._assets = assets
        self._links = tuple(links)
        loader = _FullyNamed(_loaders(plugins))
        self._environments = {
            locale: self._environment(loader, locale, words) for locale, words in catalogues.items()
        }

    def _environment(
        self, loader: jinja2.BaseLoader, locale: str, words: Words
    ) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,  # an update under a running process mixes no old code and new pages
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_callables(*_speaking(words), newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(formatting.FILTERS)
        environment.filters["local"] = formatting.localiser(locale)
        environment.globals.update(
            asset=self._assets.url,
            marked=formatting.marked,
            label=_labeller(words.ours),
            locale_names=LOCALE_NAMES,
            html_lang=HTML_LANG,
            csrf_field=CSRF_FIELD,
            Permission=Permission,
            page_links=self._links,
        )
        return environment

    def text(self, request: Request, template: str, values: Mapping[str, Any]) -> str:
        """A template as text, with what every page knows: viewer, locale, token, path."""
        context: Context = request.app.state.context
        locale = locale_of(request, context.settings.locale)
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        common = {
            "locale": locale,
            "viewer": viewer,
            "signed_in": viewer is not None and bool(viewer.id),
            "may": viewer.may if viewer is not None else _nothing,
            "csrf": getattr(request.state, "csrf", None) or "",
            "here": _here(request),
            "path": request.url.path,
            "q": "",
            "unscanned": context.scanner is None,
            "waiting_at": _counter(context, viewer),
        }
        return self._environments[locale].get_template(template).render(common | dict(values))

    def page(
        self, request: Request, template: str, values: Mapping[str, Any], *, status: int = 200
    ) -> HTMLResponse:
        """A template as an answer."""
        return HTMLResponse(self.text(request, template, values), status_code=status)


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Draw one of our own pages."""
    renderer: Renderer = request.app.state.renderer
    return renderer.page(request, f"{OWN}/{template}", values, status=status)


def is_partial(request: Request) -> bool:
    """Whether htmx asks for a piece of the page (and not for the whole one from its history)."""
    headers = request.headers
    return "hx-request" in headers and "hx-history-restore-request" not in headers


class _FullyNamed(jinja2.PrefixLoader):
    """Leaves a template its prefix, by which it is known whose words it speaks."""

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        """Load ``lending/loans.html`` under that name, not under ``loans.html``."""
        # A PrefixLoader's own load hands the rest of the name on, as what the template is called.
        return jinja2.BaseLoader.load(self, environment, name, globals)


def _loaders(plugins: Mapping[str, str]) -> dict[str, jinja2.BaseLoader]:
    loaders: dict[str, jinja2.BaseLoader] = {OWN: jinja2.PackageLoader("ui")}
    for name, package in plugins.items():
        try:
            loaders.setdefault(name, jinja2.PackageLoader(package))
        except (ValueError, ImportError):
            continue  # no templates folder: most plugins give routes and panels only
    return loaders


def _speaking(words: Words) -> tuple[Any, Any]:
    """What translates in templates: in a plugin's by its own words first."""

    @jinja2.pass_context
    def gettext(context: jinja2.runtime.Context, message: str) -> str:
        return words.of(context.name).gettext(message)

    @jinja2.pass_context
    def ngettext(context: jinja2.runtime.Context, one: str, many: str, number: int) -> str:
        return words.of(context.name).ngettext(one, many, number)

    return gettext, ngettext


def _labeller(translations: NullTranslations) -> Any:
    def label(kind: str, code: object) -> str:
        """A code in words of this language."""
        text = labels.message_of(kind, str(code or ""))
        return str(translations.gettext(text)) if text else ""

    return label


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _counter(context: Context, viewer: Viewer | None) -> Callable[[PageLink], int]:
    def waiting_at(link: PageLink) -> int:
        """How many things wait behind a link in the head; asked only where the head is drawn."""
        return 0 if viewer is None else context.plugins.waiting(link, context, viewer)

    return waiting_at


def _nothing(_permission: Permission) -> bool:
    return False


__all__ = ["Renderer", "is_partial", "render"]
