// Suggestions under the box: a combobox whose list comes from the server, already cut and masked.
const WAIT_MS = 120; // about the pause between two strokes of a quick typist

export function bindSuggestions() {
  const box = document.querySelector("input[data-suggest]");
  if (!box) return;
  const list = document.createElement("ul");
  Object.assign(list, { id: "suggestions", className: "suggest", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.getAttribute("aria-label"));
  box.form.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "suggestions"], ["aria-expanded", "false"]]) box.setAttribute(name, value);
  let at = -1;
  let timer = 0;
  let asked = null;

  const close = () => {
    asked?.abort();
    clearTimeout(timer);
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    const rows = list.children;
    at = (index + rows.length + 1) % (rows.length + 1); // one place more: back in the box itself
    [...rows].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    if (at < rows.length) box.setAttribute("aria-activedescendant", rows[at].id);
    else box.removeAttribute("aria-activedescendant");
  };
  const ask = async () => {
    const typed = box.value.trim();
    if (!typed) return close();
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: asked.signal });
      if (!answer.ok || document.activeElement !== box) return close();
      list.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") close();
      return;
    }
    list.hidden = !list.children.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    mark(list.children.length);
  };
  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, WAIT_MS);
  });
  box.addEventListener("compositionend", () => (timer = setTimeout(ask, WAIT_MS)));
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(event.key === "ArrowDown" ? (at >= list.children.length ? 0 : at + 1) : at - 1);
    } else if (event.key === "Enter" && at >= 0 && at < list.children.length) {
      event.preventDefault();
      location.assign(list.children[at].dataset.href);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => {
    const row = event.target.closest("li");
    if (row) {
      event.preventDefault();
      location.assign(row.dataset.href);
    }
  });
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
}
