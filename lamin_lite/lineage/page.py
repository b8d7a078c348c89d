"""Style and script of the page around a picture: constants, the same in every page, so that a hash can vouch for them."""

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --words: #1c2127; --soft: #5a646f; --line: #d5dae0; --panel: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181c; --words: #e6e9ed; --soft: #a0a9b4; --line: #383e46; --panel: #1f2329; }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--ground); color: var(--words);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; padding: 8px 12px;
  border-bottom: 1px solid var(--line); background: var(--panel); }
h1 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
input, button { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line);
  border-radius: 6px; padding: 3px 9px; }
input { width: 17em; max-width: 60vw; }
button { min-width: 32px; cursor: pointer; }
#count { color: var(--soft); min-width: 5em; }
main { flex: 1; display: flex; min-height: 0; position: relative; }
#stage { flex: 1; min-width: 0; overflow: auto; }
.live #stage { overflow: hidden; touch-action: none; cursor: grab; }
.live #stage { user-select: none; -webkit-user-select: none; }
.live #stage > svg { width: 100%; height: 100%; display: block; }
aside { width: 340px; max-width: 85vw; overflow: auto; padding: 12px 16px; border-left: 1px solid var(--line);
  background: var(--panel); }
aside[hidden] { display: none; }
aside h2 { font-size: 15px; margin: 0 30px 10px 0; overflow-wrap: anywhere; }
aside #close { float: right; }
dl { margin: 0; }
dt { color: var(--soft); font-size: 12px; margin-top: 8px; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 6px 12px; border-top: 1px solid var(--line);
  background: var(--panel); color: var(--soft); font-size: 12px; align-items: center; }
footer span { white-space: nowrap; }
.swatch { display: inline-block; width: 18px; height: 12px; margin-right: 6px; vertical-align: -1px; border: 1.5px solid; }
.swatch.round { border-radius: 5px; }
.swatch.dashed { border-style: dashed; }
.line { display: inline-block; width: 24px; margin-right: 6px; vertical-align: 3px; border-top: 2px dashed #7a838d; }
.box { cursor: pointer; outline: none; }
.box:focus-visible .shape, .box.chosen .shape { stroke-width: 3.2 !important; }
.fade { opacity: 0.22; }
@media (max-width: 600px) { main { flex-direction: column; } aside { width: auto; max-width: none; max-height: 45%;
  border-left: 0; border-top: 1px solid var(--line); } }
"""

SCRIPT = """
"use strict";
(function () {
  var stage = document.getElementById("stage"), svg = stage.querySelector("svg");
  var data = JSON.parse(document.getElementById("data").textContent);
  var panel = document.getElementById("details"), find = document.getElementById("find");
  var count = document.getElementById("count");
  var boxes = Array.from(svg.querySelectorAll("[data-box]"));
  var edges = Array.from(svg.querySelectorAll("[data-from]"));
  var size = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  var view = [0, 0, 1], hits = [], at = -1, chosen = -1;  // left, top, pixels a unit
  var searching = false;  // what stays bright: what was found, until a box is clicked
  document.body.classList.add("live");

  function draw() {
    var room = stage.getBoundingClientRect();
    svg.setAttribute("viewBox", [view[0], view[1], room.width / view[2], room.height / view[2]].join(" "));
  }
  function fit(least) {
    var room = stage.getBoundingClientRect();
    var scale = Math.min(1.4, (room.width - 24) / size[0], (room.height - 24) / size[1]);
    if (scale < least) {  // legible, around the root, and no more empty ground than need be
      view[2] = 1;
      show(svg.querySelector(".root") || boxes[0]);  // a box, or a frame
      view = [within(view[0], room.width, size[0]), within(view[1], room.height, size[1]), 1];
      draw();
      return;
    }
    scale = Math.max(scale, 0.01);
    view = [size[0] / 2 - room.width / scale / 2, size[1] / 2 - room.height / scale / 2, scale];
    draw();
  }
  function within(start, room, all) {
    return all + 24 < room ? (all - room) / 2 : Math.max(-12, Math.min(start, all - room + 12));
  }
  function show(element) {  // in the middle; of what is larger than the room the left upper corner
    var place = element.getBBox(), room = stage.getBoundingClientRect();
    var wide = room.width / view[2], high = room.height / view[2];
    view[0] = place.width > wide ? place.x - 12 : place.x + place.width / 2 - wide / 2;
    view[1] = place.height > high ? place.y - 12 : place.y + place.height / 2 - high / 2;
    draw();
  }
  function zoom(factor, x, y) {
    var room = stage.getBoundingClientRect(), before = view[2];
    if (x === undefined) { x = room.left + room.width / 2; y = room.top + room.height / 2; }
    view[2] = Math.min(4, Math.max(0.02, before * factor));
    view[0] += (x - room.left) * (1 / before - 1 / view[2]);
    view[1] += (y - room.top) * (1 / before - 1 / view[2]);
    draw();
  }

  // pointers: one moves the picture, two also zoom; one that hardly moved is a click
  var pointers = new Map(), moved = 0;
  stage.addEventListener("pointerdown", function (event) {
    if (event.button) { return; }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (pointers.size === 1) { moved = 0; }
  });
  window.addEventListener("pointermove", function (event) {
    var last = pointers.get(event.pointerId);
    if (!last) { return; }
    var dx = event.clientX - last[0], dy = event.clientY - last[1];
    moved += Math.abs(dx) + Math.abs(dy);
    if (pointers.size === 2) {
      var other = Array.from(pointers).filter(function (each) { return each[0] !== event.pointerId; })[0][1];
      var before = Math.hypot(last[0] - other[0], last[1] - other[1]);
      var now = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
      if (before > 0 && now > 0) { zoom(now / before, other[0], other[1]); }
    } else {
      view[0] -= dx / view[2];
      view[1] -= dy / view[2];
      draw();
    }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    window.addEventListener(name, function (event) { pointers.delete(event.pointerId); });
  });
  stage.addEventListener("click", function (event) {
    if (moved > 5) { return; }
    var box = event.target.closest("[data-box]");
    choose(box ? Number(box.getAttribute("data-box")) : -1);
  });
  stage.addEventListener("wheel", function (event) {
    event.preventDefault();
    var step = event.deltaMode === 1 ? event.deltaY * 30 : event.deltaY;
    zoom(Math.exp(-Math.max(-240, Math.min(240, step)) * 0.0022), event.clientX, event.clientY);
  }, { passive: false });
  stage.addEventListener("keydown", function (event) {
    var box = event.target.getAttribute("data-box"), far = 60 / view[2];
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if ((event.key === "Enter" || event.key === " ") && box !== null) { choose(Number(box)); }
    else if (event.key === "+" || event.key === "=") { zoom(1.25); }
    else if (event.key === "-") { zoom(0.8); }
    else if (event.key === "0") { fit(0); }
    else if (event.key === "ArrowLeft") { view[0] -= far; draw(); }
    else if (event.key === "ArrowRight") { view[0] += far; draw(); }
    else if (event.key === "ArrowUp") { view[1] -= far; draw(); }
    else if (event.key === "ArrowDown") { view[1] += far; draw(); }
    else { return; }
    event.preventDefault();
  });
  boxes.forEach(function (box) { box.addEventListener("focus", function () {
    var room = stage.getBoundingClientRect(), place = box.getBoundingClientRect();
    if (box.matches(":focus-visible") && (place.left < room.left || place.right > room.right ||
        place.top < room.top || place.bottom > room.bottom)) { show(box); }
  }); });

  // what a box came from and what was made from it; nothing else stays bright
  function reach(start, from, to) {
    var seen = new Set([start]), queue = [start];
    while (queue.length) {
      var box = queue.pop();
      edges.forEach(function (edge) {
        if (Number(edge.getAttribute(from)) === box) {
          var next = Number(edge.getAttribute(to));
          if (!seen.has(next)) { seen.add(next); queue.push(next); }
        }
      });
    }
    return seen;
  }
  function fade() {
    var bright = null, up, down;
    if (searching) { bright = new Set(hits); }
    else if (chosen >= 0) {
      up = reach(chosen, "data-to", "data-from");
      down = reach(chosen, "data-from", "data-to");
      bright = new Set([].concat(Array.from(up), Array.from(down)));
    }
    boxes.forEach(function (box, index) {
      box.classList.toggle("fade", bright !== null && !bright.has(index));
      box.classList.toggle("chosen", index === chosen);
    });
    edges.forEach(function (edge) {
      var from = Number(edge.getAttribute("data-from")), to = Number(edge.getAttribute("data-to"));
      var on = up ? (up.has(from) && up.has(to)) || (down.has(from) && down.has(to)) : bright === null;
      edge.classList.toggle("fade", !on);
    });
  }
  function add(parent, name, text) {
    var element = document.createElement(name);
    element.textContent = text;
    parent.appendChild(element);
    return element;
  }
  function choose(index, amongHits) {
    chosen = index;
    searching = find.value.trim() !== "" && (amongHits || index < 0);
    panel.hidden = index < 0;
    tell();
    draw();
    fade();
  }
  function tell() {
    if (chosen < 0) { return; }
    var box = data.boxes[chosen], list = document.getElementById("facts");
    document.getElementById("name").textContent = box.title;
    list.textContent = "";
    (box.details || several(box)).forEach(function (fact) { add(list, "dt", fact[0]); add(list, "dd", fact[1]); });
    if (box.url) {
      var link = add(add(list, "dd", ""), "a", "open");
      link.href = box.url;
      link.rel = "noopener noreferrer";
    }
  }

  function words() { return find.value.trim().toLowerCase(); }
  // of a box that stands for several: those that were found, else the first of them
  function several(box) {
    var wanted = words();
    var found = box.members.filter(function (_, each) { return wanted && box.texts[each + 1].indexOf(wanted) >= 0; });
    var shown = found.length ? found : box.members, lines = shown.slice(0, 20).map(function (each) { return each[0]; });
    if (shown.length > 20) { lines.push("… " + (shown.length - 20) + " more"); }
    return [["", box.note], [found.length ? "found among them" : "among them", lines.join("\\n")]];
  }
  function search() {
    var wanted = words();
    hits = [];
    at = -1;
    searching = wanted !== "";
    if (wanted) { data.boxes.forEach(function (box, index) {
      if (box.texts.some(function (text) { return text.indexOf(wanted) >= 0; })) { hits.push(index); }
    }); }
    count.textContent = wanted ? hits.length + " of " + boxes.length : "";
    tell();
    fade();
  }
  find.addEventListener("input", search);
  find.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { find.value = ""; search(); }
    if (event.key !== "Enter" || !hits.length) { return; }
    at = (at + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
    view[2] = Math.max(view[2], 0.8);
    choose(hits[at], true);
    show(boxes[hits[at]]);
    count.textContent = (at + 1) + " of " + hits.length;
  });
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { choose(-1); } });
  document.getElementById("close").addEventListener("click", function () { choose(-1); });
  document.getElementById("in").addEventListener("click", function () { zoom(1.25); });
  document.getElementById("out").addEventListener("click", function () { zoom(0.8); });
  document.getElementById("all").addEventListener("click", function () { fit(0); });
  window.addEventListener("resize", draw);
  data.boxes.forEach(function (box) {
    var own = (box.details || []).map(function (fact) { return fact[1]; });
    box.texts = [[box.title, box.note].concat(own).join(" ").toLowerCase()].concat((box.members || []).map(
      function (each) { return each.join(" ").toLowerCase(); }));
  });
  fit(0.7);
})();
"""
