// Stock-taking: scans one after the other without leaving the page, each with a sound of its own.
const SOUNDS = { right: [[880, 0.07]], misplaced: [[330, 0.16], [330, 0.16]], unknown: [[180, 0.4]], out: [[520, 0.12], [260, 0.25]], refused: [[150, 0.5]] };
const KEPT = "dossier-stock-silent";

export function bindStock() {
  const form = document.querySelector("form[data-stock]");
  if (!form) return;
  const field = form.querySelector("[data-scan]");
  const sound = soundSwitch();
  let last = Promise.resolve();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = field.value.trim();
    field.value = ""; // the scanner may go on at once; what it sends is kept in order
    if (code) last = last.then(() => send(form, code)).then(sound);
    field.focus();
  });
}

async function send(form, code) {
  const body = new FormData(form);
  body.set("code", code);
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(body) });
  } catch {
    return refuse(code);
  }
  if (answer.redirected || answer.status === 401) return location.reload(); // the login is over
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const bench = page.querySelector("[data-bench]");
  if (!bench) return refuse(code);
  for (const one of page.querySelectorAll("form[data-stock] input[data-standing]")) form.elements[one.name].value = one.value;
  form.querySelector("[data-ask]").textContent = page.querySelector("[data-ask]").textContent;
  document.querySelector("[data-bench]").replaceWith(document.adoptNode(bench));
  return bench.dataset.bench;
}

function refuse(code) {
  const bench = document.querySelector("[data-bench]");
  const said = document.createElement("p");
  said.className = "notice bad";
  said.setAttribute("role", "alert");
  said.textContent = `${bench.dataset.unsent} ${code}`;
  bench.prepend(said);
  return "refused";
}

function soundSwitch() {
  const button = document.querySelector("[data-sound]");
  const context = new AudioContext();
  let silent = localStorage.getItem(KEPT) === "1";
  const show = () => button.setAttribute("aria-pressed", String(!silent));
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    silent = !silent;
    localStorage.setItem(KEPT, silent ? "1" : "0");
    show();
  });
  return (verdict) => {
    if (silent || !SOUNDS[verdict]) return;
    context.resume().then(() => play(context, SOUNDS[verdict]));
  };
}

function play(context, tones) {
  let at = context.currentTime;
  for (const [hertz, seconds] of tones) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    gain.gain.value = 0.2;
    tone.frequency.value = hertz;
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.05;
  }
}
