// The viewer: n and p through the hits (on to the next page that has one), zoom, turn, leaf.
import { isPlain, isTyping } from "./keys.js";

const ZOOMS = ["fit", "100", "150", "200", "300"];
const SHARP_FROM = 2; // from the third zoom on the larger picture is worth its bytes

export function bindViewer() {
  const viewer = document.querySelector("[data-viewer]");
  if (!viewer) return;
  const desk = viewer.querySelector("[data-desk]");
  const hits = []; // a hit that goes over a line's end has several boxes
  for (const box of desk.querySelectorAll(".box-hit")) {
    if (hits.at(-1)?.[0].dataset.mark === box.dataset.mark) hits.at(-1).push(box);
    else hits.push([box]);
  }
  const marks = viewer.querySelectorAll("[data-text] mark");
  const count = viewer.querySelector("[data-hit-count]");
  const before = Number(count?.dataset.before ?? 0); // hits on earlier pages: n and p go over pages
  let at = -1;

  const showBox = (index, smooth) => {
    for (const each of hits[at] ?? []) each.classList.remove("on");
    marks[hits[at]?.[0].dataset.mark]?.classList.remove("on");
    at = index;
    const [box] = hits[at];
    for (const each of hits[at]) each.classList.add("on");
    showMark(marks[box.dataset.mark]);
    const place = box.getBoundingClientRect();
    const view = desk.getBoundingClientRect();
    const scroller = desk.scrollHeight > desk.clientHeight + 1 ? desk : null;
    const options = { behavior: smooth ? "smooth" : "auto" };
    const inView = place.top >= view.top && place.bottom <= view.bottom && place.left >= view.left && place.right <= view.right;
    if (scroller && inView) { /* nothing moves without need */ }
    else if (scroller) scroller.scrollBy({ top: place.top - view.top - view.height / 3, left: place.left - view.left - view.width / 2, ...options });
    else if (place.left < view.left || place.right > view.right) desk.scrollBy({ left: place.left - view.left - view.width / 2, ...options });
    if (!scroller && (place.top < 120 || place.bottom > innerHeight - 80)) scrollBy({ top: place.top - innerHeight / 3, ...options });
    if (count) count.textContent = `${before + at + 1} / ${before + hits.length + Number(count.dataset.after)}`;
  };
  const go = (name) => {
    const link = viewer.querySelector(`[data-hit="${name}"]`);
    const next = name === "next" ? at + 1 : at - 1;
    if (next >= 0 && next < hits.length) showBox(next, !matchMedia("(prefers-reduced-motion: reduce)").matches);
    else if (link?.href) location.assign(link.href);
    else if (hits.length) showBox(name === "next" ? 0 : hits.length - 1);
  };
  for (const name of ["next", "previous"]) {
    const link = viewer.querySelector(`[data-hit="${name}"]`);
    if (!link) continue;
    if (hits.length) link.removeAttribute("aria-disabled");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(name);
    });
  }

  const zoom = (by) => {
    const now = ZOOMS.findIndex((level) => desk.classList.contains(`zoom-${level}`));
    const next = by === 0 ? 0 : Math.min(Math.max(now + by, 0), ZOOMS.length - 1);
    if (next === now) return;
    const middle = (desk.scrollTop + desk.clientHeight / 2) / desk.scrollHeight;
    const centre = (desk.scrollLeft + desk.clientWidth / 2) / desk.scrollWidth;
    desk.classList.replace(`zoom-${ZOOMS[now]}`, `zoom-${ZOOMS[next]}`);
    desk.scrollTop = middle * desk.scrollHeight - desk.clientHeight / 2;
    desk.scrollLeft = centre * desk.scrollWidth - desk.clientWidth / 2;
    if (hits[at]) showBox(at, false); // what is looked at stays in view
    const image = desk.querySelector("img");
    if (next >= SHARP_FROM && image && image.getAttribute("src") !== desk.dataset.full) sharpen(image, desk.dataset.full);
  };
  for (const button of viewer.querySelectorAll("[data-zoom]")) {
    button.removeAttribute("aria-disabled");
    button.addEventListener("click", (event) => {
      event.preventDefault();
      zoom(button.dataset.zoom === "+" ? 1 : -1);
    });
  }

  const follow = (selector) => {
    const link = viewer.querySelector(selector);
    if (link?.href) location.assign(link.href);
  };
  document.addEventListener("keydown", (event) => {
    if (!isPlain(event) || isTyping(event)) return;
    const acts = {
      n: () => go("next"), p: () => go("previous"), "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1), 0: () => zoom(0),
      r: () => follow("[data-turn]"), ArrowLeft: () => follow('[data-leaf="previous"]'), ArrowRight: () => follow('[data-leaf="next"]'),
    };
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
  drag(desk);
  viewer.querySelector("[data-thumbs] [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const start = () => hits.length && showBox(location.hash === "#last" ? hits.length - 1 : 0);
  const image = desk.querySelector("img");
  if (image && !image.complete) image.addEventListener("load", start, { once: true });
  else start();
}

// The text beside the picture follows; on a phone it lies below, and nothing moves away to it.
function showMark(mark) {
  if (!mark) return;
  mark.classList.add("on");
  const side = mark.closest(".side");
  if (!side || side.scrollHeight <= side.clientHeight + 1) return;
  const place = mark.getBoundingClientRect();
  const view = side.getBoundingClientRect();
  if (place.top < view.top || place.bottom > view.bottom) side.scrollTop += place.top - view.top - view.height / 3;
}

// The larger picture takes the smaller one's place when it is whole; until then nothing flickers.
function sharpen(image, address) {
  const larger = new Image();
  larger.src = address;
  larger.decode().then(() => { image.src = address; }, () => undefined);
}

function drag(desk) {
  let from = null;
  desk.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || event.target.closest("a, button")) return;
    if (desk.scrollWidth <= desk.clientWidth && desk.scrollHeight <= desk.clientHeight) return;
    from = { x: event.clientX + desk.scrollLeft, y: event.clientY + desk.scrollTop };
    desk.setPointerCapture(event.pointerId);
    event.preventDefault();
    desk.focus({ preventScroll: true });
  });
  desk.addEventListener("pointermove", (event) => {
    if (from) desk.scrollTo(from.x - event.clientX, from.y - event.clientY);
  });
  for (const end of ["pointerup", "pointercancel"]) desk.addEventListener(end, () => (from = null));
}
