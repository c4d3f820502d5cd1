// The preview beside the results follows the focus, or a pointer that rests.
const REST_MS = 180; // a pointer on its way elsewhere asks for nothing

export function bindPreview() {
  settleStrips();
  const preview = document.getElementById("preview");
  if (!preview) return;
  const wide = matchMedia("(min-width: 901px)");
  let timer = 0;
  const show = (link) => {
    if (!wide.matches || link.classList.contains("is-shown")) return;
    document.querySelector(".is-shown")?.classList.remove("is-shown");
    link.classList.add("is-shown");
    window.htmx.trigger(link, "preview");
  };
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest(".paper-link");
    if (link) show(link);
  });
  document.addEventListener("mouseover", (event) => {
    clearTimeout(timer);
    const link = event.target.closest(".paper-link");
    if (link) timer = setTimeout(() => show(link), REST_MS);
  });
  preview.addEventListener("htmx:afterSwap", () => {
    const image = preview.querySelector("img");
    const first = preview.querySelector(".box-hit");
    if (!first) return preview.scrollTo(0, 0);
    const place = () => preview.scrollTo(0, Math.max(first.getBoundingClientRect().top - preview.getBoundingClientRect().top + preview.scrollTop - preview.clientHeight / 3, 0));
    place();
    if (image && !image.complete) image.addEventListener("load", place, { once: true });
  });
  const first = document.querySelector("[data-first-preview]");
  const link = document.querySelector(".paper-link");
  // htmx reads the page when it is complete; a wish before that would be lost
  if (first && link) document.addEventListener("DOMContentLoaded", () => show(link));
}

// A strip that has its picture, or will get none, shimmers no longer.
function settleStrips() {
  const settle = (image) => image.closest?.(".strip")?.classList.add("is-here");
  for (const name of ["load", "error"]) document.addEventListener(name, (event) => settle(event.target), true);
  for (const image of document.querySelectorAll(".strip img")) if (image.complete) settle(image);
}
