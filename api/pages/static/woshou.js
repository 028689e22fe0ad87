// Comfort only: everything on the pages works without it.
"use strict";
(() => {
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
  const step = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
    next.querySelector("a")?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") {
      const field = document.querySelector("[data-filter] select, [data-filter] input:not([type=hidden])");
      if (field === null) return;
      field.focus();
    } else return;
    event.preventDefault();
  });
  // Who signs in next begins anew.
  if (location.pathname === "/sign-in") sessionStorage.clear();
  // A filter that was set is remembered for the tab, and used when the list is opened without one; not from a link that tells how
  // much is on the list, which ends in #all. The page that is shown, and what was done, are no filters.
  const filter = document.querySelector("form[data-filter]");
  if (filter !== null) {
    const name = `filter:${location.pathname}`;
    const asked = new URLSearchParams(location.search);
    const fields = [...new FormData(filter).keys()];
    if (fields.some((field) => asked.has(field))) {
      const set = new URLSearchParams(fields.flatMap((field) => (asked.get(field) ? [[field, asked.get(field)]] : [])));
      if (set.size === 0) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, `?${set}`);
    } else if (location.hash === "#all") sessionStorage.removeItem(name);
    const kept = sessionStorage.getItem(name);
    if (location.search === "" && kept !== null) location.replace(`${location.pathname}${kept}#kept`);
    if (location.hash === "#kept") document.querySelector("[data-kept]")?.removeAttribute("hidden");
  }
  // A file that is too large is told of before it is sent.
  for (const field of document.querySelectorAll("input[type=file][data-most]")) {
    field.addEventListener("change", () => {
      const large = [...field.files].some((file) => file.size > Number(field.dataset.most));
      field.setCustomValidity(large ? field.dataset.tooLarge : "");
      if (large) field.reportValidity();
    });
  }
  // A file may be dropped anywhere on the form that it is for.
  for (const field of document.querySelectorAll("input[type=file].drop")) {
    const form = field.form;
    const over = (on) => form.classList.toggle("over", on);
    form.addEventListener("dragover", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    form.addEventListener("dragleave", (event) => {
      if (!form.contains(event.relatedTarget)) over(false);
    });
    form.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      over(false);
      const first = new DataTransfer();
      first.items.add(event.dataTransfer.files[0]);
      field.files = first.files;
      field.dispatchEvent(new Event("change"));
    });
  }
  // An import that goes on is followed; at its end, or if it cannot be, the page is asked for anew.
  for (const shown of document.querySelectorAll("[data-follow]")) {
    const bar = shown.querySelector("progress");
    const words = shown.querySelector("[data-words]");
    const stream = new EventSource(shown.dataset.follow);
    stream.addEventListener("progress", (event) => {
      const told = JSON.parse(event.data);
      words.textContent = told.words;
      if (told.of === null) bar.removeAttribute("value");
      else {
        bar.max = told.of;
        bar.value = told.done;
      }
    });
    stream.addEventListener("ended", () => {
      stream.close();
      location.reload();
    });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    });
  }
  // While the node is at work on a file it says so, and the form is not sent twice.
  for (const form of document.querySelectorAll("form[data-wait]")) {
    const button = form.querySelector("button");
    const told = form.querySelector("[data-waiting]");
    form.addEventListener("submit", () => {
      button.disabled = true;
      told.textContent = form.dataset.wait;
    });
    addEventListener("pageshow", () => {
      button.disabled = false;
      told.textContent = "";
    });
  }
})();
