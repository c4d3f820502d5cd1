// Upload with a bar for each file; two at a time, so that the first is in while the rest are coming.
const AT_ONCE = 2;

export function bindUpload() {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const list = document.querySelector("[data-upload-list]");
  const queue = [];
  let busy = 0;

  const next = () => {
    while (busy < AT_ONCE && queue.length) {
      busy += 1;
      send(form, queue.shift()).finally(() => {
        busy -= 1;
        next();
      });
    }
  };
  const add = (files) => {
    for (const file of files) {
      const row = document.querySelector("[data-upload-row]").content.firstElementChild.cloneNode(true);
      row.querySelector(".uploaded-name").textContent = file.name;
      list.append(row);
      queue.push({ file, row });
    }
    if (list.children.length) document.querySelector("[data-upload-head]").hidden = false;
    next();
  };
  for (const field of form.querySelectorAll("[data-files]")) {
    field.addEventListener("change", () => {
      add(field.files);
      field.value = "";
    });
  }
  form.addEventListener("submit", (event) => {
    if (![...form.querySelectorAll("[data-files]")].some((field) => field.files.length)) {
      event.preventDefault();
      form.querySelector("[data-files]").click();
    }
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

function send(form, { file, row }) {
  const body = new FormData(form);
  body.delete("file");
  body.append("file", file, file.name);
  const bar = row.querySelector("progress");
  const request = new XMLHttpRequest(); // fetch tells no progress of what it sends
  return new Promise((resolve) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) Object.assign(bar, { max: event.total, value: event.loaded });
    });
    request.addEventListener("loadend", () => {
      if (request.status === 200) row.outerHTML = request.responseText;
      else refused(row, request.responseText);
      resolve();
    });
    request.open("POST", form.action);
    request.setRequestHeader("hx-request", "true");
    request.setRequestHeader("x-csrf-token", document.querySelector('meta[name="csrf-token"]').content);
    request.send(body);
  });
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
