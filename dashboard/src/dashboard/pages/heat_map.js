// The heat map of the page Fleet. The server says what stands where (draw) and what has changed (update); cells that are
// there stay, so that a thousand of them cost nothing while nothing happens, and the keyboard keeps its place.
window.heatMap = window.heatMap || (() => {
  const cells = new Map();
  let root = null, tip = null, tipped = null, lastPointer = "mouse";

  const made = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const cellOf = (gpu) => {
    let cell = cells.get(gpu);
    if (!cell) {
      cell = made("a", "cell");
      cell.href = "/gpu/" + encodeURI(gpu);
      cell.dataset.gpu = gpu;
      cell.tabIndex = -1;
      cell.append(made("b"), made("small", "", gpu.slice(gpu.lastIndexOf(":") + 1)));
      cells.set(gpu, cell);
    }
    return cell;
  };

  const start = (place) => {
    root = place;
    cells.clear();
    tip = made("div", "heat-tip");
    tip.hidden = true;
    document.body.append(tip);
    root.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch") show(event.target.closest(".cell"));
    });
    root.addEventListener("pointerleave", () => show(focused()));
    root.addEventListener("focusin", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      root.querySelectorAll('.cell[tabindex="0"]').forEach((each) => { each.tabIndex = -1; });
      cell.tabIndex = 0;
      if (lastPointer !== "touch") show(cell);
    });
    // A finger on the link of what is told takes the focus from the cell: the link must still be there when it is lifted.
    root.addEventListener("focusout", () => { if (lastPointer !== "touch") show(null); });
    root.addEventListener("keydown", move);
    document.addEventListener("pointerdown", (event) => {
      lastPointer = event.pointerType;
      if (!event.target.closest(".heat, .heat-tip")) show(null);
    });
    document.addEventListener("keydown", () => { lastPointer = "key"; }, true);
    document.addEventListener("scroll", () => show(null), true);
    root.addEventListener("click", (event) => {
      // A finger cannot hover: the first tap tells, the link in what it tells opens.
      const cell = event.target.closest(".cell");
      if (!cell || lastPointer !== "touch" || cell === tipped) return;
      event.preventDefault();
      show(cell);
    });
  };

  const focused = () => (root.contains(document.activeElement) ? document.activeElement.closest(".cell") : null);

  const show = (cell) => {
    tipped = cell;
    tip.hidden = !cell;
    if (!cell) return;
    const [words, notes] = [cell.dataset.words || "", JSON.parse(cell.dataset.notes || "[]")];
    const list = made("ul");
    notes.forEach((note) => list.append(made("li", "", note)));
    const name = made("a", "", cell.dataset.gpu);
    name.href = cell.href;
    tip.replaceChildren(name, made("p", "", words), ...(notes.length ? [list] : []));
    tip.style.pointerEvents = lastPointer === "touch" ? "auto" : "none"; // a mouse goes on to what lies below it
    const [of, own] = [cell.getBoundingClientRect(), tip.getBoundingClientRect()];
    const left = Math.max(8, Math.min(of.left + of.width / 2 - own.width / 2, innerWidth - own.width - 8));
    const above = of.top - own.height - 8;
    tip.style.left = left + "px";
    tip.style.top = (above > 8 ? above : of.bottom + 8) + "px";
  };

  const move = (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    if (event.key === "Escape") { show(null); return; }
    const all = [...root.querySelectorAll(".cell")];
    const at = all.indexOf(cell);
    const next = {
      ArrowRight: () => all[at + 1], ArrowLeft: () => all[at - 1], Home: () => all[0], End: () => all[all.length - 1],
      ArrowDown: () => nearest(cell, all, 1), ArrowUp: () => nearest(cell, all, -1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    next()?.focus();
  };

  // In the next row of what is drawn, whatever group it is in: the one that is the least to the side.
  const nearest = (cell, all, way) => {
    const from = cell.getBoundingClientRect();
    let best = null, least = Infinity;
    for (const each of all) {
      const to = each.getBoundingClientRect();
      const down = (to.top - from.top) * way;
      if (down < from.height / 2) continue;
      const far = down * 20 + Math.abs(to.left - from.left);
      if (far < least) [best, least] = [each, far];
    }
    return best;
  };

  const draw = (layout) => {
    const place = document.querySelector(".heat");
    if (!place) return;
    if (place !== root) start(place);
    const held = focused();
    root.dataset.size = layout.size;
    const there = new Set();
    root.replaceChildren(...layout.groups.map((group) => {
      // A rack, say: its machines below each other, and the next group beside it.
      const box = made("section", layout.groups.length > 1 && group.nodes.length <= 8 ? "heat-group rack" : "heat-group");
      if (group.title) {
        const head = made("div", "group");
        head.append(made("h2", "", group.title), made("span", "soft small", group.note));
        box.append(head);
      }
      const nodes = made("div", "heat-nodes");
      nodes.append(...group.nodes.map((node) => {
        const one = made("div", "heat-node");
        const row = made("div", "heat-cells");
        row.style.setProperty("--columns", Math.min(8, node.gpus.length));
        node.gpus.forEach((gpu) => { there.add(gpu); row.append(cellOf(gpu)); });
        const name = made("div", "heat-name", node.name);
        name.title = node.name;
        one.append(name, row);
        return one;
      }));
      box.append(nodes);
      return box;
    }));
    for (const gpu of cells.keys()) if (!there.has(gpu)) cells.delete(gpu);
    if (held && there.has(held.dataset.gpu)) held.focus({preventScroll: true});
    else if (!root.querySelector('.cell[tabindex="0"]')) root.querySelector(".cell")?.setAttribute("tabindex", "0");
    if (tipped && !there.has(tipped.dataset.gpu)) show(null);
  };

  const update = (changes) => {
    for (const [gpu, level, text, words, silent, notes] of changes) {
      const cell = cells.get(gpu);
      if (!cell) continue;
      cell.dataset.level = level;
      cell.toggleAttribute("data-silent", silent);
      cell.dataset.words = words;
      cell.dataset.notes = JSON.stringify(notes);
      cell.firstChild.textContent = text;
      cell.setAttribute("aria-label", [gpu, words, ...notes].join(", "));
      if (cell === tipped) show(cell);
    }
  };

  return {draw, update};
})();
