// Menus close when one looks elsewhere; the list of keys opens with "?".
import { isPlain, isTyping } from "./keys.js";

export function bindMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

export function bindHelp() {
  const dialog = document.querySelector("[data-help-dialog]");
  if (!dialog) return;
  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && isPlain(event) && !isTyping(event) && !dialog.open) dialog.showModal();
  });
}
