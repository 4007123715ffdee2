"use strict";
// Search, sort, filter, and the arrow keys. The table is whole without it; nothing here makes HTML out of text.
{
  const byId = (id) => document.getElementById(id);
  const table = byId("grades");

  const start = () => {
    const words = JSON.parse(byId("words").textContent);
    const fields = { search: byId("search"), show: byId("show"), inside: byId("inside") };
    const [body, heads, panel] = [table.tBodies[0], [...table.tHead.rows[0].cells], byId("panel")];
    const plain = (text) => text.normalize("NFKC").toLowerCase();
    const standing = (cell) => cell.className.split(" ", 1)[0];
    const rows = [...body.rows].map((row, place) => ({
      row,
      place, // the page comes sorted by name
      searched: plain(row.cells[0].textContent),
      values: [...row.cells].slice(1).map((cell) => Number(cell.dataset.v)),
      standings: [...row.cells].slice(2).map(standing),
    }));
    let shown = rows;
    let sorted = { column: 0, down: false };

    const fits = ({ searched, standings }) => {
      const wanted = plain(fields.search.value).split(/\s+/u);
      if (!wanted.every((word) => searched.includes(word))) return false;
      const { value: show } = fields.show;
      const among = fields.inside.value === "" ? standings : [standings[Number(fields.inside.value)]];
      return show === "" || among.some((one) => (show === "unfinished" ? one !== "full" : one === show));
    };

    const remember = () => {
      const kept = new URLSearchParams();
      for (const [name, field] of Object.entries(fields)) if (field.value) kept.set(name, field.value);
      if (sorted.column || sorted.down) kept.set("sort", `${sorted.down ? "-" : ""}${sorted.column}`);
      const address = kept.size ? `#${kept}` : location.pathname + location.search;
      history.replaceState(null, "", address);
    };

    const filter = () => {
      shown = [];
      for (const one of rows) {
        const fit = fits(one);
        one.row.hidden = !fit;
        if (fit) shown.push(one);
      }
      const inside = fields.inside.value === "" ? -1 : Number(fields.inside.value) + 2;
      heads.forEach((head, at) => head.toggleAttribute("data-inside-column", at === inside));
      const output = byId("shown");
      output.textContent = output.dataset.shown.replace("<shown>", shown.length).replace("<all>", rows.length);
      byId("nobody").hidden = shown.length > 0;
      hide();
      rove();
      remember();
    };

    const sort = (column, down) => {
      const before = sorted;
      sorted = { column, down };
      const way = down ? -1 : 1;
      rows.sort((a, b) => {
        if (column === 0) return way * (a.place - b.place);
        return way * (a.values[column - 1] - b.values[column - 1]) || a.place - b.place;
      });
      if (before.column !== column || before.down !== down) body.append(...rows.map(({ row }) => row));
      heads.forEach((head, at) => {
        head.setAttribute("aria-sort", at === column ? (down ? "descending" : "ascending") : "none");
      });
      filter();
    };

    // One stop for Tab, arrows inside: the grid pattern of the ARIA Authoring Practices Guide.
    let stop = heads[0];
    const rove = (cell = stop) => {
      const before = stop;
      stop = cell.parentElement.hidden ? heads[cell.cellIndex] : cell;
      stop.tabIndex = 0;
      if (before !== stop) before.removeAttribute("tabindex"); // never while it has the focus: it would lose it
    };
    const lines = () => [table.tHead.rows[0], ...shown.map(({ row }) => row)];
    const STEPS = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      PageUp: [-15, 0], PageDown: [15, 0], Home: [0, -Infinity], End: [0, Infinity],
    };
    const move = (event) => {
      const cell = event.target.closest("th, td");
      if (!cell || !(event.key in STEPS)) return false;
      const [all, [down, right]] = [lines(), STEPS[event.key]];
      const within = (value, size) => Math.max(0, Math.min(size - 1, value));
      let line = within(all.indexOf(cell.parentElement) + down, all.length);
      if (event.ctrlKey && right) line = right < 0 ? 0 : all.length - 1;
      const target = all[line].cells[within(cell.cellIndex + right, heads.length)];
      target.tabIndex = 0;
      target.scrollIntoView({ block: "nearest", inline: "nearest" }); // focus alone is content with most of a cell
      target.focus({ preventScroll: true });
      return true;
    };

    const made = (kind, text, name = "") => {
      const element = document.createElement(kind);
      element.textContent = text;
      if (name) element.className = name;
      return element;
    };
    const hide = () => {
      panel.hidden = true;
      document.querySelector("[aria-describedby=panel]")?.removeAttribute("aria-describedby");
    };
    const titles = heads.slice(2).map((head) => {
      const number = head.querySelector("button").firstChild.textContent;
      return { head: `${number} ${head.title}`, checks: [...document.querySelectorAll(`#e${number} .check`)] };
    });
    const summary = (cell) => {
      const column = cell.cellIndex - 2;
      const state = standing(cell);
      const name = made("b", "");
      name.append(made("bdi", cell.parentElement.cells[0].textContent));
      const points = words.points.replace("<points>", cell.dataset.v).replace("<most>", heads[column + 2].dataset.most);
      const lines = [Number(cell.dataset.v) >= 0 ? points : "", state === "partly" ? "" : words.standings[state]];
      const list = made("ul", "");
      [...(cell.dataset.o ?? "")].forEach((letter, at) => {
        const { kind, mark, word } = words.outcomes[letter];
        const item = made("li", "", kind);
        const sign = made("i", mark);
        sign.setAttribute("role", "img");
        sign.setAttribute("aria-label", word);
        item.append(sign, made("span", titles[column].checks[at].textContent));
        list.append(item);
      });
      const said = [...lines, cell.dataset.why].filter(Boolean).map((line) => made("div", line, "quiet"));
      return [name, made("div", titles[column].head), ...said, list];
    };
    const explain = (cell) => {
      hide();
      if (!cell || cell.cellIndex < 2 || !body.contains(cell)) return;
      panel.replaceChildren(...summary(cell));
      panel.hidden = false;
      cell.setAttribute("aria-describedby", "panel");
      const [at, box] = [cell.getBoundingClientRect(), panel.getBoundingClientRect()];
      const left = Math.max(8, Math.min(at.left, innerWidth - box.width - 8));
      const below = at.bottom + 6 + box.height < innerHeight;
      panel.style.left = `${left}px`;
      panel.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - 6 - box.height)}px`;
    };

    const follow = () => {
      const cell = document.activeElement;
      const box = cell.getBoundingClientRect();
      const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      explain(cell.contains(there) && body.contains(cell) ? cell.closest("td") : null);
    };

    const choose = (search, show, inside) => {
      Object.assign(fields.search, { value: search });
      Object.assign(fields.show, { value: show });
      Object.assign(fields.inside, { value: inside });
    };
    const reset = () => {
      choose("", "", "");
      sort(0, false);
    };
    const recall = () => {
      const kept = new URLSearchParams(location.hash.slice(1));
      choose(kept.get("search") ?? "", kept.get("show") ?? "", kept.get("inside") ?? "");
      for (const field of [fields.show, fields.inside]) if (field.selectedIndex < 0) field.value = "";
      const column = Math.abs(Number(kept.get("sort") ?? 0));
      const known = Number.isInteger(column) && column < heads.length;
      sort(known ? column : 0, known && (kept.get("sort") ?? "").startsWith("-"));
    };

    fields.search.addEventListener("input", filter);
    fields.show.addEventListener("change", filter);
    fields.inside.addEventListener("change", filter);
    byId("search").form.addEventListener("submit", (event) => event.preventDefault());
    byId("search").form.addEventListener("reset", (event) => {
      event.preventDefault();
      reset();
    });
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (!head) return;
      const column = head.cellIndex;
      sort(column, sorted.column === column ? !sorted.down : column > 0);
    });
    table.addEventListener("keydown", (event) => {
      if (move(event)) return event.preventDefault();
      if (event.key === "Enter" && event.target.matches("th, td")) event.target.querySelector("a, button")?.click();
      return undefined;
    });
    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("th, td");
      if (cell && cell.parentElement.parentElement !== table.tFoot) rove(cell);
      explain(cell);
    });
    table.addEventListener("focusout", hide);
    table.addEventListener("pointerover", (event) => explain(event.target.closest("td")));
    table.addEventListener("pointerleave", hide);
    addEventListener("scroll", follow, { passive: true, capture: true });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, select");
      if (event.key === "/" && !typing) {
        event.preventDefault();
        fields.search.focus();
      } else if (event.key === "Escape") {
        if (panel.hidden) reset();
        hide();
      }
    });
    document.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-show][data-inside]");
      if (!chip) return;
      choose("", chip.dataset.show, chip.dataset.inside);
      filter();
      byId("students").scrollIntoView();
    });
    addEventListener("hashchange", recall);

    table.setAttribute("role", "grid");
    for (const inner of table.querySelectorAll("thead button, tbody a")) inner.tabIndex = -1;
    recall();
    document.documentElement.dataset.ready = "";
  };
  if (table) start();
}
