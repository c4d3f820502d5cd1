// A click on a number copies it without the spaces.
const SHOWN_MS = 1200; // long enough to be read, short enough not to be in the way

async function put(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, className: "vh" });
  document.body.append(field); // plain HTTP in a company network has no clipboard object
  field.select();
  document.execCommand("copy");
  field.remove();
}

export function bindCopy() {
  for (const one of document.querySelectorAll("[data-copy]")) one.title ||= one.dataset.copy;
  document.addEventListener("click", async (event) => {
    const place = event.target.closest("[data-copy]");
    if (!place || String(getSelection())) return;
    await put(place.dataset.copy);
    place.dataset.copied = document.body.dataset.copiedWord;
    setTimeout(() => delete place.dataset.copied, SHOWN_MS);
  });
}
