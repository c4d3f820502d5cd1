// To be assigned: 1…9 chooses, s skips, u undoes. The next paper's picture is loaded beforehand.
import { isPlain, isTyping } from "./keys.js";

export function bindAssign() {
  const work = document.querySelector("[data-assign]");
  if (!work) return;
  const press = (selector) => work.querySelector(selector)?.click();
  document.addEventListener("keydown", (event) => {
    if (!isPlain(event) || isTyping(event) || event.repeat) return;
    if (/^[1-9]$/.test(event.key)) press(`[data-choose="${event.key}"]`);
    else if (event.key === "s") press("[data-skip]");
    else if (event.key === "u") press("[data-undo]");
  });
}
