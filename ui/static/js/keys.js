// Keys that work on every page: / to the box, arrows and j k through the results, Enter, Esc.
export function isTyping(event) {
  const at = event.target;
  return at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
}

export function isPlain(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
}

function items() {
  return [...document.querySelectorAll("[data-items] [data-item]")].filter((item) => item.offsetParent);
}

function step(by) {
  const all = items();
  if (!all.length) return false;
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

export function bindKeys() {
  const box = document.getElementById("q");
  document.addEventListener("keydown", (event) => {
    if (!isPlain(event)) return;
    if (isTyping(event)) return inBox(event, box);
    if (event.key === "/" && box) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (["ArrowDown", "j"].includes(event.key) && step(1)) event.preventDefault();
    else if (["ArrowUp", "k"].includes(event.key)) {
      const all = items();
      if (all.length && document.activeElement === all[0] && box) {
        event.preventDefault();
        box.focus();
      } else if (step(-1)) event.preventDefault();
    } else if (event.key === "Enter" && document.activeElement === document.body) {
      document.querySelector(".paper-link.is-shown")?.click(); // previewed before anything was chosen
    } else if (event.key === "Escape") document.activeElement?.blur();
  });
}

function inBox(event, box) {
  if (event.key === "Escape") event.target.blur();
  if (event.target !== box || event.defaultPrevented) return;
  if (event.key === "ArrowDown" && step(1)) event.preventDefault();
}
