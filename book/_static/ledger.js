// The ledger's filter: by verdict and by data set. Without it the page shows everything.
(() => {
  const form = document.querySelector(".ledger-filter");
  if (!form) return;
  const rows = [...document.querySelectorAll("table.ledger tr[data-verdict]")];
  const words = {};
  for (const name of ["verdict", "on"]) {
    words[name] = [...new Set(rows.map((row) => row.dataset[name]))].sort();
    for (const word of words[name]) form.elements[name].add(new Option(word, word));
  }

  const open = (row) => {
    const folded = row && row.closest("details");
    if (folded) folded.open = true;
  };

  const show = () => {
    const wanted = ["verdict", "on"].map((name) => [name, form.elements[name].value]);
    const filtered = wanted.some(([, word]) => word);
    let n = 0;
    for (const row of rows) {
      row.hidden = wanted.some(([name, word]) => word && row.dataset[name] !== word);
      if (!row.hidden) n += 1;
    }
    // Nothing is left of a table: nor of its title. What is folded opens while there is a filter.
    for (const table of document.querySelectorAll("table.ledger")) {
      const own = [...table.querySelectorAll("tr[data-verdict]")];
      if (!own.length) continue;
      const left = own.some((row) => !row.hidden);
      table.hidden = !left;
      const title = table.previousElementSibling;
      if (title && title.matches("p.claim")) title.hidden = !left;
      const folded = table.closest("details");
      if (folded) {
        folded.hidden = !left;
        if (filtered) folded.open = left;
      }
    }
    form.querySelector("output").value = `${n} of ${rows.length} rows`;
  };

  const visit = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row || !row.matches("table.ledger tr")) return;
    if (row.hidden) {
      form.reset();
      show();
    }
    open(row);
    row.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", visit);
  show();
  visit();
})();
