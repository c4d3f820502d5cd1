// Stacks: cut marks are dragged to another page, or set by key. The form works without this file.
import { isPlain, isTyping } from "./keys.js";

export function bindStacks() {
  const stack = document.querySelector("[data-stack]");
  if (!stack) return;
  const pages = [...stack.querySelectorAll("[data-page]")];
  const box = (page) => page.querySelector('input[name="start"]');
  let at = 0;
  let dragged = -1;

  const choose = (next) => {
    at = Math.max(0, Math.min(pages.length - 1, next));
    pages.forEach((page, n) => { page.tabIndex = n === at ? 0 : -1; });
    pages[at].focus({ preventScroll: true });
    pages[at].scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const show = () => pages.forEach((page) => page.classList.toggle("stack-begins", box(page).checked));
  const set = (page, on) => { box(page).checked = on; show(); };
  const move = (from, to) => {
    if (from <= 0 || to <= 0 || to >= pages.length || !box(pages[from]).checked) return;
    set(pages[from], false);
    set(pages[to], true);
    choose(to);
  };

  pages.forEach((page, n) => {
    page.tabIndex = n === 0 ? 0 : -1;
    const mark = page.querySelector(".stack-cut");
    const over = (is) => page.classList.toggle("stack-over", is);
    mark.draggable = n > 0; // a paper always begins on the first page
    mark.addEventListener("dragstart", (event) => {
      dragged = n;
      event.dataTransfer.setData("text/plain", String(n));
      event.dataTransfer.effectAllowed = "move";
    });
    mark.addEventListener("dragend", () => { dragged = -1; });
    page.addEventListener("dragover", (event) => {
      if (dragged < 0) return; // a file or a text from elsewhere
      event.preventDefault();
      over(true);
    });
    page.addEventListener("dragleave", () => over(false));
    page.addEventListener("drop", (event) => {
      over(false);
      if (dragged < 0) return;
      event.preventDefault();
      move(dragged, n);
    });
    page.addEventListener("focus", () => { at = n; });
  });
  stack.addEventListener("change", show);
  show();

  const keys = {
    ArrowRight: () => choose(at + 1),
    ArrowLeft: () => choose(at - 1),
    Enter: () => set(pages[at], !box(pages[at]).checked),
    "[": () => move(at, at - 1),
    "]": () => move(at, at + 1),
    c: () => stack.querySelector("[data-confirm]").click(),
    u: () => stack.querySelector("[data-undo]")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || !isPlain(event) || isTyping(event)) return;
    const onPage = event.target === document.body || pages.includes(event.target);
    if (!onPage && !["c", "u"].includes(event.key)) return;
    event.preventDefault();
    act();
  });
}
