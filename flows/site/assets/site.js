// The search in the page.  Its index is a script, for a page opened from disk may not fetch.
(() => {
  "use strict";
  const root = document.documentElement.dataset.root;
  const box = document.querySelector(".find");
  const input = document.getElementById("q");
  const results = document.getElementById("results");
  const found = results.querySelector(".found");
  const list = results.querySelector("ol");
  const main = document.getElementById("main");
  const MOST = 60;
  let rows = null;
  let asked = false;

  const LETTERS = { "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i" };

  // Small letters without accents, full-width forms as ordinary ones.
  const fold = (text) =>
    text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
      .replace(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter]).normalize("NFC");

  // Phrases in quotes stay together; a minus leaves out.
  const termsOf = (query) => {
    const terms = [];
    for (const [, minus, phrase, word] of query.matchAll(/(-?)(?:"([^"]+)"?|([^\s"]+))/g)) {
      const term = fold(phrase || word || "").trim();
      if (term) terms.push({ term, not: minus === "-" });
    }
    return terms;
  };

  const LATIN = /[\p{L}\p{N}]/u;
  const weigh = (row, terms) => {
    let weight = 0;
    for (const { term, not } of terms) {
      const at = row.title.indexOf(term);
      const inside = at >= 0 || row.rest.includes(term);
      if (inside === not) return 0;
      if (not) continue;
      weight += 1;
      if (at >= 0) weight += at === 0 || !LATIN.test(row.title[at - 1]) ? 4 : 2;
      else if (row.tags.includes(term)) weight += 2;
    }
    return weight;
  };

  // The text with the words asked for marked; never as HTML.
  const marked = (text, terms) => {
    const holder = document.createElement("span");
    const letters = [...text];
    let folded = "";
    const from = [];
    letters.forEach((letter, index) => {
      for (const one of fold(letter)) { folded += one; for (let n = 0; n < one.length; n++) from.push(index); }
    });
    const lit = new Array(letters.length).fill(false);
    for (const { term, not } of terms) {
      if (not) continue;
      for (let at = folded.indexOf(term); at >= 0; at = folded.indexOf(term, at + term.length)) {
        for (let n = at; n < at + term.length; n++) lit[from[n]] = true;
      }
    }
    for (let start = 0; start < letters.length;) {
      let end = start;
      while (end < letters.length && lit[end] === lit[start]) end++;
      const piece = letters.slice(start, end).join("");
      if (lit[start]) {
        const mark = document.createElement("mark");
        mark.textContent = piece;
        holder.append(mark);
      } else holder.append(piece);
      start = end;
    }
    return holder;
  };

  const element = (name, kind, ...inside) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    made.append(...inside);
    return made;
  };

  const show = () => {
    const query = input.value.trim();
    remember(query);
    results.hidden = !query;
    main.hidden = Boolean(query);
    if (!query) return;
    if (!rows) {
      found.textContent = "Loading the index";
      load();
      return;
    }
    const terms = termsOf(query);
    const hits = [];
    rows.forEach((row, order) => {
      const weight = terms.length ? weigh(row, terms) : 0;
      if (weight) hits.push({ row, weight, order });
    });
    hits.sort((a, b) => b.weight - a.weight || a.order - b.order);
    found.textContent = hits.length === 0 ? "No story has all of these words."
      : (hits.length === 1 ? "1 story" : `${hits.length} stories`)
        + (hits.length > MOST ? `, the first ${MOST} shown` : "");
    list.replaceChildren(...hits.slice(0, MOST).map(({ row }) => {
      const link = element("a", "", marked(row.shown[0], terms));
      link.href = root + row.shown[4];
      // Elsewhere the address keeps the words, and the way back leads to these results.
      link.addEventListener("click", () => {
        if (link.pathname === location.pathname) { input.value = ""; show(); }
      });
      const title = element("h3", "", link);
      title.dir = "auto";
      const lead = element("p", "lead", marked(row.shown[2], terms));
      lead.dir = "auto";
      return element("li", "", title,
        element("p", "meta", element("bdi", "by", marked(row.shown[1], terms)), element("span", "", row.shown[5])), lead);
    }));
  };

  const remember = (query) => {
    try {
      const place = query ? `#q=${encodeURIComponent(query)}` : location.pathname + location.search;
      if (query || location.hash.startsWith("#q=")) history.replaceState(null, "", place);
    } catch { /* some browsers allow no such thing from disk */ }
  };

  const load = () => {
    if (asked) return;
    asked = true;
    window.voltwireSearch = (given) => {
      rows = given.map((shown) => ({
        shown,
        title: fold(shown[0]),
        tags: fold(shown[3]),
        rest: fold([shown[1], shown[2], shown[3], shown[6]].join(" \n ")),
      }));
      show();
    };
    const script = document.createElement("script");
    script.src = `${root}assets/search-index.js`;
    script.addEventListener("error", () => {
      asked = false;
      found.textContent = "The search index cannot be read.";
    });
    document.head.append(script);
  };

  // Within each day by outlets or by time, where all stories of the day are on the page.
  const order = () => {
    const days = [...main.querySelectorAll(".day")];
    const place = main.querySelector(".subscribe") || main.querySelector(".sum");
    if (!place || !days.length || !days.every((day) => "whole" in day.dataset)) return;
    if (!days.some((day) => day.querySelectorAll(".card").length > 1)) return;
    const choose = (key) => {
      for (const day of days) {
        const cards = [...day.querySelectorAll(".card")];
        const by = (name) => (a, b) => Number(b.dataset[name]) - Number(a.dataset[name]);
        cards.sort((a, b) => (key === "outlets" && by("outlets")(a, b)) || by("at")(a, b));
        cards.forEach((card) => day.append(card));
      }
      for (const one of group.children) one.setAttribute("aria-pressed", String(one.dataset.key === key));
    };
    const button = (key, words) => {
      const made = element("button", "", words);
      made.type = "button";
      made.dataset.key = key;
      made.setAttribute("aria-pressed", String(main.dataset.order === key));
      made.addEventListener("click", () => choose(key));
      return made;
    };
    const group = element("div", "order", button("outlets", "Most carried"), button("at", "Newest"));
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Order within a day");
    place.after(group);
  };

  order();
  box.hidden = false;
  input.addEventListener("focus", load, { once: true });
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value) { input.value = ""; show(); event.preventDefault(); }
    if (event.key === "Enter") { const first = list.querySelector("a"); if (first) first.focus(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "k" && (event.ctrlKey || event.metaKey)) { input.focus(); input.select(); event.preventDefault(); }
  });
  const given = /^#q=(.*)$/.exec(location.hash);
  if (given) {
    try { input.value = decodeURIComponent(given[1]); } catch { input.value = given[1]; }
    show();
  }
})();
