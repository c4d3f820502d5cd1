// Upload: files are listed when chosen and sent on the button, each with its bar; two at a time, so
// that the first is in while the rest are coming.
const AT_ONCE = 2;

export function bindUpload() {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const chosen = form.querySelector("[data-upload-chosen]");
  const nothing = form.querySelector("[data-upload-empty]");
  const files = new Map(); // row of the list: its file
  const queue = [];
  let busy = 0;

  const next = () => {
    while (busy < AT_ONCE && queue.length) {
      busy += 1;
      send(form.action, queue.shift()).finally(() => {
        busy -= 1;
        next();
      });
    }
  };
  const add = (added) => {
    for (const file of added) {
      const row = template("[data-upload-row]").firstElementChild;
      row.querySelector(".uploaded-name").textContent = file.name;
      row.querySelector("[data-unlist]").addEventListener("click", () => {
        files.delete(row);
        row.remove();
      });
      files.set(row, file);
      chosen.append(row);
      nothing.hidden = true;
    }
  };
  for (const field of form.querySelectorAll("[data-files]")) {
    field.addEventListener("change", () => {
      add(field.files);
      field.value = "";
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    nothing.hidden = files.size > 0;
    for (const [row, file] of files) {
      const body = new FormData(form); // what the fields say now is said of these files
      body.delete("file");
      body.append("file", file, file.name);
      queue.push({ body, row: underWay(row) });
    }
    files.clear();
    next();
  });
  const drop = form.querySelector("[data-drop]");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
}

function template(selector) {
  return document.querySelector(selector).content.cloneNode(true);
}

// The row moves from what is to be sent to what is received, and shows a bar.
function underWay(row) {
  const [bar, state] = template("[data-upload-going]").children;
  row.querySelector("[data-unlist]").replaceWith(bar);
  row.querySelector(".uploaded-state").replaceWith(state);
  row.dataset.outcome = "running";
  document.querySelector("[data-upload-list]").append(row);
  document.querySelector("[data-upload-head]").hidden = false;
  return row;
}

function send(action, { body, row }) {
  const bar = row.querySelector("progress");
  const request = new XMLHttpRequest(); // fetch tells no progress of what it sends
  return new Promise((resolve) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) Object.assign(bar, { max: event.total, value: event.loaded });
    });
    request.addEventListener("loadend", () => {
      if (request.status === 200) received(row, request.responseText);
      else refused(row, request.responseText);
      resolve();
    });
    request.open("POST", action);
    request.setRequestHeader("hx-request", "true");
    request.setRequestHeader("x-csrf-token", document.querySelector('meta[name="csrf-token"]').content);
    request.send(body);
  });
}

// The server's row takes the place of ours, and asks by itself until the file is read or set aside.
function received(row, html) {
  const list = row.parentElement;
  row.outerHTML = html;
  window.htmx?.process(list);
}

// Why a file was not taken: the answer is a page for people, and its reason fits into the row.
function refused(row, page) {
  const reason = new DOMParser().parseFromString(page, "text/html").querySelector("[data-problem]")?.dataset.problem;
  const told = document.querySelector("[data-upload-failed]").content.cloneNode(true);
  const [tag, advice] = told.children;
  row.querySelector("progress").replaceWith(tag);
  if (reason) advice.textContent = reason;
  row.querySelector(".uploaded-state").replaceWith(advice);
  row.dataset.outcome = "failed";
}
