// A hand scanner types wherever it is: capitals and digits outside any field go into the field for scans.
import { isPlain, isTyping } from "./keys.js";

export function bindScan() {
  const field = document.querySelector("[data-scan]");
  if (!field) return;
  document.addEventListener("keydown", (event) => {
    if (isPlain(event) && !isTyping(event) && /^[A-Z0-9]$/.test(event.key)) field.focus(); // the key lands in it
  });
}
