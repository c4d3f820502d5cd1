// htmx: the session's token on every change, and no refreshing of pages that nobody looks at.
export function bindPartials() {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["x-csrf-token"] = token;
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const periodic = event.detail.elt.getAttribute("hx-trigger")?.includes("every");
    const open = event.detail.elt.querySelector?.("details[open]");
    if (periodic && (document.hidden || open)) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (!new URL(event.detail.xhr.responseURL).pathname.startsWith("/login")) return;
    event.preventDefault(); // the login is over: ask for it on a page, not inside a piece of one
    location.reload();
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload();
  });
}
