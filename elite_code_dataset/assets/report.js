"use strict";
// Text of the repository only ever enters the page through textContent.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const samples = JSON.parse(document.getElementById("samples").textContent);
const shown = { kind: Object.keys(samples).find((kind) => samples[kind].length) || "windows", place: 0, filter: "" };
const FILTERED_BY = { windows: "scale", augmentations: "technique", edits: "scale" };

function chosen() {
  return samples[shown.kind].filter((one) => !shown.filter || String(one.facts[FILTERED_BY[shown.kind]]) === shown.filter);
}

function factsLine(facts) {
  const line = element("div", "facts");
  const place = element("b", "mono", facts.path + (facts.start_line ? ":" + facts.start_line + "-" + facts.end_line : ""));
  line.append(place);
  const parts = [facts.split, facts.language, facts.role, "window " + facts.scale, facts.n_tokens + " tokens, " + facts.context_tokens + " of them context",
    "weight " + Number(facts.weight).toFixed(2), "stage " + facts.stage];
  if (facts.technique !== "original") parts.push(facts.technique + (facts.idiom ? " (" + facts.idiom + ")" : ""), "verified: " + (facts.verified || "no"));
  else if (facts.idiom) parts.push("target: " + facts.idiom);
  parts.forEach((part) => line.append(element("span", "", part)));
  return line;
}

function plainText(one) {
  const block = element("pre");
  if (one.context) block.append(element("span", "context", one.context.replace(/\n$/, "")));
  block.append(element("span", "", one.target));
  return block;
}

const MARKS = { "": "l", "-": "l minus", "+": "l plus", ".": "l gap", "~": "l left-out" };
function marked(lines) {
  const block = element("pre");
  lines.forEach(([mark, text]) => block.append(element("span", MARKS[mark], text)));
  return block;
}

function pair(one) {
  const box = element("div");
  if (one.shows === "edit" && one.context) box.append(contextOnly(one.context));
  const titles = {
    edit: ["Before", "After"],
    target: ["The real code", "Rewritten"],
    repair: ["Shown as context", "To be written: the real code"],
    context: ["Context of the real row", "Context of this row, ahead of the same target"],
  };
  const both = element("div", "pair");
  [one.left, one.right].forEach((lines, side) => {
    const half = element("div");
    half.append(element("h3", "", titles[one.shows][side]), marked(lines));
    both.append(half);
  });
  box.append(both);
  return box;
}

function contextOnly(text) {
  const block = element("pre");
  const inner = element("span", "context", text.replace(/\n$/, ""));
  inner.style.marginBottom = "-10px";
  inner.style.borderBottom = "0";
  block.append(inner);
  return block;
}

function draw() {
  const rows = chosen();
  shown.place = Math.max(0, Math.min(shown.place, rows.length - 1));
  document.querySelectorAll(".tabs button").forEach((one) => one.setAttribute("aria-selected", String(one.dataset.kind === shown.kind)));
  document.getElementById("place").textContent = rows.length ? shown.place + 1 + " / " + rows.length : "0 / 0";
  const box = document.getElementById("sample");
  box.replaceChildren();
  if (!rows.length) {
    box.append(element("p", "empty", "There are none in this dataset."));
    return;
  }
  const one = rows[shown.place];
  box.append(factsLine(one.facts), one.left ? pair(one) : plainText(one));
}

function fillFilter() {
  const name = FILTERED_BY[shown.kind];
  const values = [...new Set(samples[shown.kind].map((one) => String(one.facts[name])))];
  const select = document.getElementById("filter");
  select.replaceChildren(new Option("every " + name, ""), ...values.map((value) => new Option(name + " " + value, value)));
  shown.filter = "";
}

function turn(by) {
  const count = chosen().length;
  if (count) shown.place = (shown.place + by + count) % count;
  draw();
}

document.querySelectorAll(".tabs button").forEach((one) =>
  one.addEventListener("click", () => {
    shown.kind = one.dataset.kind;
    shown.place = 0;
    fillFilter();
    draw();
  }),
);
document.getElementById("filter").addEventListener("change", (event) => {
  shown.filter = event.target.value;
  shown.place = 0;
  draw();
});
document.getElementById("previous").addEventListener("click", () => turn(-1));
document.getElementById("next").addEventListener("click", () => turn(1));
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "SELECT" || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
});
// report.html#edits-3 opens at the third edit
const asked = /^#(windows|augmentations|edits)(?:-(\d+))?$/.exec(location.hash);
if (asked) shown.kind = asked[1];
fillFilter();
if (asked && asked[2]) shown.place = Number(asked[2]) - 1;
draw();

const arcs = document.querySelector(".arcs");
if (arcs) {
  const rows = [...arcs.querySelectorAll("li")];
  const svg = arcs.querySelector("svg");
  const name = (at) => rows[at].dataset.name;
  const pick = (at) => {
    rows.forEach((row, i) => row.classList.toggle("on", i === at));
    svg.classList.add("picked");
    const lists = { out: [], into: [] };
    svg.querySelectorAll("path").forEach((path) => {
      const [a, b] = [Number(path.dataset.a), Number(path.dataset.b)];
      path.classList.toggle("on", a === at || b === at);
      if (a === at) lists.out.push(name(b) + " (" + path.dataset.n + ")");
      if (b === at) lists.into.push(name(a) + " (" + path.dataset.n + ")");
    });
    document.getElementById("arc-note").textContent =
      name(at) + " imports " + (lists.out.join(", ") || "nothing outside itself") + "; it is imported by " + (lists.into.join(", ") || "nothing") + ".";
  };
  rows.forEach((row, at) => ["click", "mouseenter", "focus"].forEach((kind) => row.addEventListener(kind, () => pick(at))));
}
