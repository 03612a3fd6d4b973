"use strict";
(() => {
const POLL_MS = 1000, HURRY_MS = 250, FETCH_MS = 4000, STALE_MS = 3500, DONE_MS = 20000, MOST_MS = 65535;
const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  good: "M20 6 9 17l-5-5",
  warn: "M12 8v5m0 3.5v.01M12 3 2.5 20h19z",
  bad: "M8 8l8 8m0-8-8 8M8.3 2.5h7.4l5.8 5.8v7.4l-5.8 5.8H8.3l-5.8-5.8V8.3z",
  plain: "M5 12h14",
  done: "m8 12.3 2.7 2.7L16 9.5M12 2.5a9.5 9.5 0 1 0 .01 0z",
};
let last = null, lastAt = 0, why = "", asking = false, timer = 0, loggedIn = false, act = null;

/* ---- making elements: text is only ever set as text ------------------------------------------------------------- */
function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k === "on") for (const [event, f] of Object.entries(v)) e.addEventListener(event, f);
    else if (v === true) e.setAttribute(k, "");
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  e.append(...children.flat(Infinity).filter(c => c != null && c !== ""));
  return e;
}
function svg(tag, attributes, ...children) {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}
const icon = kind => svg("svg", {viewBox: "0 0 24 24", "aria-hidden": "true"}, svg("path", {d: ICONS[kind], fill: "none",
  stroke: "currentColor", "stroke-width": "2.25", "stroke-linecap": "round", "stroke-linejoin": "round"}));
const tag = (kind, text, shape) => el("span", {class: "tag " + kind}, icon(shape || kind), text);
const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
const drawn = new Map();
/* Draws a part again only when what it shows has changed: the keyboard stays where it was, and nobody is told twice. */
function draw(id, from, make) {
  const key = JSON.stringify(from);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  const focused = document.activeElement && document.activeElement.id;
  $(id).replaceChildren(...make().filter(Boolean));
  if (focused && $(focused) && document.activeElement !== $(focused)) $(focused).focus();
}

/* ---- words ------------------------------------------------------------------------------------------------------- */
const list = names => names.length < 2 ? names.join("") : names.slice(0, -1).join(", ") + " and " + names[names.length - 1];
const plural = (n, word) => n.toLocaleString("en") + " " + word + (n === 1 ? "" : "s");
function span(ms) {
  if (ms < 1000) return Math.round(ms) + " ms";
  if (ms < 90e3) return (ms / 1000).toFixed(ms < 10e3 ? 1 : 0) + " s";
  if (ms < 90 * 60e3) return Math.round(ms / 60e3) + " min";
  return ms < 36 * 3600e3 ? Math.round(ms / 3600e3) + " h" : Math.round(ms / 86400e3) + " days";
}
const ago = ms => ms < 1500 ? "just now" : span(ms) + " ago";
const MODES = {SYNC: "two copies", SOLO: "one copy", STALLED: "nobody serves"};
const STATES = {active: ["accent", "Active", "good"], standby: ["good", "Standby"], witness: ["good", "Witness"], replica: ["good", "Replica"],
  maintenance: ["warn", "Maintenance"], fault: ["bad", "Fault"], unreachable: ["bad", "Not heard"], "catching-up": ["warn", "Catching up"],
  seeding: ["warn", "Fetching a copy"], promoting: ["warn", "Taking over"], draining: ["warn", "Handing over"], fenced: ["warn", "Fenced"],
  boot: ["warn", "Starting"]};
const stateTag = state => { const s = STATES[state] || ["plain", state]; return tag(s[0], s[1], s[2]); };
const STAGES = {detect: "noticed", vote: "voted", cut: "cut off", drain: "applied", promote: "opened", address: "address moved",
  answer: "first payment"};

/* ---- what it comes to -------------------------------------------------------------------------------------------- */
const nodeOf = (s, name) => s.nodes.find(n => n.name === name);
const serves = s => s.mode === "SYNC" || s.mode === "SOLO";
const standbyOf = s => s.nodes.find(n => n.kind === "gateway" && n.name !== s.active);

function judge(s) {
  const a = s.active, holder = s.vip.holder, other = standbyOf(s), vip = s.vip.address.split("/")[0];
  if (a == null) return ["warn", "Not known yet", "This machine does not know yet who is active."];
  if (!serves(s))
    return ["bad", "Nobody serves payments, as far as " + s.node + " sees", s.reason || nodeOf(s, a)?.reason || "No gateway says that it serves."];
  if (s.waits_for) return ["bad", "Payments wait for " + s.waits_for, s.waits_for + " has to hold each payment, and is silent or does not acknowledge."];
  if (holder !== a && !s.vip.moving)
    return ["bad", "Clients may not reach the gateway", a + " serves, but the virtual IP " + vip + " is " + (holder ? "on " + holder : "nowhere") + "."];
  if (s.mode === "SOLO")
    return ["warn", "Payments are served by " + a + " alone", "There is one copy of them, until " + (other ? other.name : "another gateway") + " has caught up."];
  if (!s.observed) return ["warn", "Payments are served, unobserved", "No witness is heard: the loss of either gateway would stop them."];
  return ["good", "Payments are served", "Each is on the disks of " + list(s.in_sync) + " before it is answered."];
}

/* What explain says of a death, and whether payments go on then (heartbeat/explain.h). */
const FATES = {"goes-on": ["good", "goes on"], stops: ["bad", "stops"], unknown: ["plain", "not known"], gone: ["plain", "gone already"]};
function deathsOf(explain, nodes) {
  const deaths = (explain.lines || []).filter(l => l.topic === "death" && l.about).map(l => (
    {name: l.about, text: l.text, fate: l.payments in FATES ? l.payments : "unknown"}));
  /* In the order of the cards: the gateways first. */
  const place = d => nodes.findIndex(n => n.name === d.name) + (nodes.find(n => n.name === d.name)?.kind === "gateway" ? 0 : 100);
  return deaths.sort((x, y) => place(x) - place(y));
}
function canLose(deaths) {
  const those = fate => deaths.filter(d => d.fate === fate).map(d => d.name), no = those("stops"), unknown = those("unknown"), yes = those("goes-on");
  if (no.length) return ["bad", no.length === deaths.length ? "No" : "Not " + no.join(" or "), yes.length ? "Without " + yes.join(" or ") + " they would go on." : "Payments would stop."];
  if (unknown.length || !yes.length) return ["warn", "Not known", unknown.length ? "of " + list(unknown) : ""];
  return ["good", "Yes, any one", "Without " + (yes.length > 1 ? yes.slice(0, -1).join(", ") + " or " + yes[yes.length - 1] : yes[0]) + " payments go on."];
}

/* ---- parts of the page ------------------------------------------------------------------------------------------- */
function drawVerdict(s, deaths) {
  const seen = judge(s), [loseKind, lose, loseText] = canLose(deaths);
  const [kind, title, text] = isStale() ? ["plain", "Not known now", "When it was seen last: " + seen[1][0].toLowerCase() + seen[1].slice(1) + "."] : seen;
  const vip = s.vip.address.split("/")[0], holders = s.vip.holders;
  $("verdict").className = "verdict " + kind;
  draw("verdict", [kind, title, text, loseKind, lose, loseText, s.mode, s.active, holders, vip, s.in_sync, s.vip.moving], () => [
    el("div", {class: "head"}, icon(kind === "good" ? "done" : kind), el("div", {role: "status"}, el("h1", {}, title), el("p", {}, text)),
      el("span", {class: "mode"}, tag(s.mode === "SYNC" ? "good" : s.mode === "SOLO" ? "warn" : "bad", s.mode + ": " + (MODES[s.mode] || "")))),
    el("dl", {class: "answers"},
      el("div", {}, el("dt", {}, "Who is active?"), el("dd", {}, s.active == null ? "Not known" : s.active, el("small", {}, s.in_sync.length ?
        "In sync: " + list(s.in_sync) : "No copy is in sync"))),
      el("div", {}, el("dt", {}, "Where is the address?"), el("dd", {}, holders.length ? "On " + list(holders) : serves(s) ? "Nowhere" : "Not known",
        el("small", {}, (vip || "virtual IP") + (s.vip.moving ? ", on its way" : "")))),
      el("div", {}, el("dt", {}, "Can it lose a machine now?"), el("dd", {}, lose, el("small", {}, loseText)))),
  ]);
}

function drawTodo(advice) {
  $("todo").hidden = !advice.length;
  draw("todo", advice, () => [el("h2", {id: "todo-title"}, "To do"), el("ul", {}, advice.map(a => el("li", {}, a)))]);
}

function nodeActions(s, n) {
  const can = !last || last.kind !== "replica", acts = [];
  if (!can || n.kind === "replica") return null;
  if (n.kind === "gateway" && n.name !== s.active && n.state === "standby" && serves(s))
    acts.push(el("button", {type: "button", id: "switch-" + n.name, class: "go", on: {click: () => askSwitchover(n.name)}}, "Make " + n.name + " active…"));
  if (n.maintenance)
    acts.push(el("button", {type: "button", id: "maint-" + n.name, on: {click: () => askMaintenance(n.name, false)}}, "End maintenance of " + n.name + "…"));
  else
    acts.push(el("button", {type: "button", id: "maint-" + n.name, on: {click: () => askMaintenance(n.name, true)}}, "Maintenance of " + n.name + "…"));
  return el("div", {class: "acts"}, acts);
}

function nodeCard(s, n) {
  const gateway = n.kind === "gateway", away = n.reachable === false, holds = s.vip.holders.includes(n.name), known = !away;
  const facts = [fact("Address", el("code", {}, n.address))];
  if (holds) facts.push(fact("Holds", el("code", {}, s.vip.address.split("/")[0] || "the virtual IP")));
  if (gateway) facts.push(fact("Its copy", s.in_sync.includes(n.name) ? known ? "whole: every payment" : "was whole when it was heard last" : "does not count now"));
  if (n.behind != null && (gateway || n.kind === "replica")) facts.push(fact("Behind by", el("span", {id: "behind-" + n.name}, behind(n))));
  if (Array.isArray(n.hears)) facts.push(fact("Hears", list(n.hears) || "nobody"));
  return el("article", {class: "card node" + (n.name === s.active && !away ? " active" : "") + (away ? " away" : "") + (gateway ? "" : " wide"),
    "aria-label": n.kind + " " + n.name},
  el("header", {}, el("h3", {}, n.name, el("small", {}, n.kind + (n.name === s.node ? ", this page" : ""))), stateTag(n.state),
    n.maintenance && n.state !== "maintenance" ? tag("warn", "Maintenance") : null),
  el("dl", {class: "facts"}, facts), n.reason ? el("p", {class: "reason"}, icon("warn"), el("span", {}, n.reason)) : null, nodeActions(s, n));
}

function pairLink(s, left, right) {
  const standby = standbyOf(s), whole = standby && s.in_sync.includes(standby.name) && s.in_sync.includes(s.active) && standby.reachable !== false && serves(s);
  const back = s.active === right.name;
  return el("div", {class: "link" + (whole ? "" : " cut") + (back ? " back" : "")},
    svg("svg", {viewBox: "0 0 112 28", preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true"}, svg("path", {d: whole ? "M4 14h100m-10-9 10 9-10 9" :
      "M4 14h38m28 0h38M48 6l16 16m0-16-16 16", fill: "none", stroke: "currentColor", "stroke-width": "3", "stroke-linecap": "round", "stroke-linejoin": "round"})),
    el("span", {}, el("b", {}, whole ? "Every payment" : "No second copy"), el("br"), whole ? "from " + s.active + " to " + standby.name :
      serves(s) ? standby && standby.reachable === false ? standby.name + " is not heard" : "yet" : "nobody serves"));
}

const behind = n => plural(n.behind, "transaction") + (n.backlog_ms > 0 ? ", " + span(n.backlog_ms) : "");

function drawNodes(s) {
  const all = [...s.nodes, ...(s.replicas || [])];
  /* What changes at each look draws nothing again: a button must not be another one between the press and the release. */
  const steady = all.map(({lease_ms, heard_ms, paths, gtid_binlog, gtid_received, gtid_applied, backlog_ms, behind: lag, ...rest}) => [rest, lag != null]);
  draw("nodes", [steady, s.active, s.mode, s.in_sync, s.vip, s.node], () => {
    const gateways = s.nodes.filter(n => n.kind === "gateway"), others = s.nodes.filter(n => n.kind !== "gateway");
    const cards = gateways.map(n => nodeCard(s, n));
    if (gateways.length === 2) cards.splice(1, 0, pairLink(s, gateways[0], gateways[1]));
    else cards.forEach(c => c.classList.add("wide"));
    return [...cards, ...others.map(n => nodeCard(s, n)), ...(s.replicas || []).map(r => nodeCard(s, {kind: "replica", ...r}))];
  });
  for (const n of all) {
    const e = $("behind-" + n.name);
    if (e && e.textContent !== behind(n)) e.textContent = behind(n);
  }
}

/* As the HAProxy of this machine saw them; when, the clock of the browser tells. */
const HOST_STATES = {up: ["good", "Up"], "not ready": ["warn", "Not ready"], down: ["bad", "Down"], unknown: ["plain", "Not known"]};
const HOST_WORDS = {up: "takes requests", "not ready": "is there and takes no requests", down: "takes no requests"};
function drawHosts(h, node) {
  const hosts = h ? h.all : [];
  $("hosts-part").hidden = !hosts.length;
  draw("hosts", [h && h.at_ms, h && h.old, hosts, node], () => {
    const at = h && Date.now() - h.age_ms - (performance.now() - lastAt);
    const rows = hosts.map(w => el("li", {class: "card"}, el("b", {}, w.name), tag(...(HOST_STATES[w.state] || ["plain", w.state])), el("span", {}, el("code", {}, w.address),
      HOST_WORDS[w.state] ? " " + HOST_WORDS[w.state] : "", el("span", {class: "muted"}, " · as " + node + " saw it, ", el("span", {"data-at": at}, ago(Date.now() - at))))));
    if (h && h.old) rows.push(el("li", {class: "card muted"}, el("span", {}, "Nothing has looked at them since. On " + node + ": systemctl status holdfast-workers.timer")));
    return rows;
  });
}

function spark(values, points, label) {
  const known = values.filter(v => v != null), top = Math.max(...known, 1e-9) * 1.1, w = 150, h = 40;
  const s = svg("svg", {class: "spark", viewBox: `0 0 ${w} ${h}`, preserveAspectRatio: "none", role: "img", "aria-label": label});
  const x = i => (points - values.length + i) * w / (points - 1), y = v => h - v / top * h;
  s.append(svg("line", {class: "base", x1: 0, x2: w, y1: h, y2: h}));
  for (let i = 0; i < values.length;) {
    let j = i, d = "";
    if (values[i] == null) { i++; continue; }
    for (; j < values.length && values[j] != null; j++) d += `${j === i ? "M" : "L"}${x(j).toFixed(2)} ${y(values[j]).toFixed(2)}`;
    s.append(svg("path", {class: "area", d: `${d}L${x(j - 1).toFixed(2)} ${h}L${x(i).toFixed(2)} ${h}Z`}), svg("path", {class: "curve", d}));
    i = j;
  }
  return s;
}
const newest = values => { for (let i = values.length - 1; i >= Math.max(0, values.length - 3); i--) if (values[i] != null) return values[i]; return null; };
const shown = v => v == null ? "–" : v >= 100 ? Math.round(v).toLocaleString("en") : v >= 10 ? v.toFixed(0) : v.toFixed(1);

function figure(title, values, points, unit, note, label) {
  const now = newest(values);
  return el("dl", {class: "card"}, el("dt", {}, title), el("dd", {class: "figure"}, shown(now), now == null ? null : el("small", {}, unit)),
    el("dd", {}, spark(values, points, label)), el("dd", {class: "note"}, note));
}

function drawLoad(v, s) {
  const x = v.series, minutes = Math.round(x.points * x.every_ms / 60e3), here = v.kind === "gateway" && s.active === v.node;
  draw("load", [x, here, s.active], () => {
    const active = s.active && nodeOf(s, s.active), known = x.rate.filter(r => r != null);
    if (!known.length && !here)
      return [el("div", {class: "card elsewhere"}, active && active.reachable !== false && serves(s) ? el("span", {}, "Payments are counted where they are made, on " + s.active + ". ",
        el("a", {href: "https://" + active.address + ":" + location.port + "/", rel: "noreferrer"}, "The page of " + s.active), " has them, if it is set up there.") :
        "No gateway that serves is heard: no payments are counted.")];
    const highest = known.length ? Math.max(...known) : null;
    return [figure("Payments a second", x.rate, x.points, "/s", highest == null ? "no figures yet" : `highest in ${minutes} min: ${shown(highest)}/s`,
      "Payments a second over the last " + minutes + " minutes"),
    figure("Answer time, median", x.p50_ms, x.points, "ms", "in the ledger, disks included", "Median of the answers, milliseconds"),
    figure("Answer time, 99\u00a0%", x.p99_ms, x.points, "ms", "in the ledger, disks included", "99 % of the answers, milliseconds")];
  });
}

function drawDeaths(deaths) {
  draw("deaths", deaths.map(d => [d.name, d.fate, d.text.replace(/\d+/g, "0")]), () => deaths.length ? deaths.map(d =>
    el("li", {class: "card"}, el("b", {}, d.name), tag(...FATES[d.fate]), el("span", {}, d.text))) :
    [el("li", {class: "card muted"}, "Nothing is known about that here.")]);
}

const WORDS = {switchover: "at an operator's word", "lease-expired": "nothing more was heard of the old one", "database-died": "the database of the old one died",
  start: "at the start", init: "the first start", maintenance: "for maintenance"};
const unplanned = t => ["lease-expired", "database-died"].includes(t.reason);

function drawMove(t) {
  const stages = Object.entries(t.stages_ms || {}).filter(([k, ms]) => ms > 0 && k in STAGES), known = t.took_ms != null;
  const shownStages = stages.filter(([k]) => known || (k !== "detect" && k !== "vote")), names = Object.keys(STAGES);
  /* The address moves beside the others: it is told, and no part of the bar. */
  const inBar = shownStages.filter(([k, ms]) => k !== "address" && ms < MOST_MS);
  const color = k => "s" + (names.indexOf(k) + 1);
  const bar = el("div", {class: "stages", "aria-hidden": "true"}, inBar.map(([k, ms]) => {
    const i = el("i", {class: color(k)});
    i.style.flexGrow = ms;
    return i;
  }));
  const at = new Date(t.at);
  return el("li", {class: "move" + (unplanned(t) ? " unplanned" : "")},
    el("p", {}, el("b", {}, t.from === t.to ? t.to + " opened again" : t.from + " → " + t.to), el("span", {class: "took"}, known ? "took " + span(t.took_ms) : "how long is not known"),
      el("span", {}, WORDS[t.reason] || t.reason), el("time", {datetime: t.at, title: t.at}, at.toLocaleString(), " · ", el("span", {"data-at": at.getTime()}, ago(Date.now() - at)))),
    inBar.length ? bar : null, shownStages.length ? el("div", {class: "keys"}, shownStages.map(([k, ms]) => el("span", {}, el("i", {class: color(k), "aria-hidden": "true"}),
      STAGES[k] + " " + (ms >= MOST_MS ? "after more than a minute" : span(ms)) + (k === "address" ? " (beside)" : "")))) : null);
}
function drawMoves(history) {
  const moves = (history || []).filter(Boolean).slice(-8).reverse();
  draw("moves", moves, () => moves.length ? moves.map(drawMove) : [el("li", {class: "muted"}, "None since heartbeatd of this machine was started.")]);
}

function drawIcon(kind, text) {
  const colors = {good: "#0b8a50", warn: "#d98300", bad: "#c9281f", plain: "#697386"};
  const mark = {good: "M9 17l4 4 10-10", warn: "M16 8v10m0 5v.1", bad: "M10 10l12 12m0-12L10 22", plain: "M9 16h14"};
  const href = "data:image/svg+xml," + encodeURIComponent(`<svg xmlns="${SVG}" viewBox="0 0 32 32"><rect width="32" height="32" rx="${kind === "good" ? 16 : 5}" fill="${colors[kind]}"/>` +
    `<path d="${mark[kind]}" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>`);
  if ($("icon").getAttribute("href") !== href) $("icon").setAttribute("href", href);
  if (document.title !== text) document.title = text;
}

/* ---- is it true now? --------------------------------------------------------------------------------------------- */
const ageNow = () => last && last.age_ms != null ? last.age_ms + performance.now() - lastAt : Infinity;
function staleWhy() {
  if (!last) return why;
  if (why) return why;
  return last.answers ? "" : last.why || "heartbeatd of " + last.node + " does not answer";
}
const isStale = () => !!staleWhy() || ageNow() > STALE_MS;

function drawFresh() {
  const root = document.documentElement, stale = isStale(), age = ageNow(), shows = loggedIn && last;
  root.classList.toggle("is-stale", !!shows && stale);
  root.classList.toggle("is-live", !!shows && !stale);
  $("fresh").hidden = !shows;
  $("logout").hidden = !loggedIn;
  if (!shows) {
    $("stale").hidden = !(loggedIn && why);
    if (loggedIn && why) draw("stale", [why], () => [el("b", {}, "Nothing is known. "), why]);
    return;
  }
  $("fresh-text").textContent = stale ? "not live" : "live";
  $("stale").hidden = !stale;
  if (stale) {
    const since = age === Infinity ? null : new Date(Date.now() - age);
    /* Said aloud once, not each second: how long ago it is goes on beside it. */
    draw("stale", [staleWhy(), since && Math.round(since / 3000)], () => [
      since ? el("span", {}, `Not live: what is shown is of ${since.toLocaleTimeString()}, `, el("span", {"data-at": since.getTime(), "aria-hidden": "true"}, ago(age)),
        ". It may be different now.") : "Not live: nothing is known yet.", el("small", {}, staleWhy() || "No answer comes.")]);
    drawIcon("plain", "? not live · " + last.cluster);
  }
  if (last.seen) drawVerdict(last.seen.status, deathsOf(last.seen.explain, last.seen.status.nodes));
  for (const b of document.querySelectorAll("#main button")) b.disabled = stale;
  for (const e of document.querySelectorAll("[data-at]")) {
    const text = ago(Date.now() - e.dataset.at);
    if (e.textContent !== text) e.textContent = text;
  }
}

function drawAll() {
  $("login").hidden = loggedIn;
  $("main").hidden = !(loggedIn && last && last.seen);
  if (loggedIn && last) {
    const v = last;
    draw("where", [v.cluster, v.node], () => [el("b", {}, v.cluster), " as " + v.node + " sees it"]);
    if (v.seen) {
      const s = v.seen.status, deaths = deathsOf(v.seen.explain, s.nodes);
      drawTodo(v.seen.advice);
      drawNodes(s);
      drawHosts(v.hosts, v.node);
      drawLoad(v, s);
      drawDeaths(deaths);
      drawMoves(v.seen.history);
      draw("footer", [s.epoch, s.version], () => [`Epoch ${s.epoch}, version ${s.version} of the record. More on the machine: holdfastctl status, explain, history, doctor.`]);
      if (!isStale()) drawIcon(judge(s)[0], (serves(s) ? s.mode : "STALLED") + " · " + v.cluster);
    }
  } else {
    $("where").replaceChildren();
    drawn.delete("where");
    drawIcon("plain", "Holdfast");
    if (why) $("login-error").textContent = why;
  }
  drawFresh();
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */
async function get(path, options) {
  const stop = new AbortController(), late = setTimeout(() => stop.abort(), FETCH_MS);
  try {
    const r = await fetch(path, {cache: "no-store", credentials: "same-origin", redirect: "error", signal: stop.signal, ...options});
    return {status: r.status, body: await r.json()};
  } finally {
    clearTimeout(late);
  }
}
const post = (path, fields) => get(path, {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: new URLSearchParams(fields).toString()});

function out() {
  loggedIn = false;
  last = null;
  why = "";
  if ($("dialog").open) $("dialog").close();
}

async function poll() {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  try {
    const r = await get("status.json");
    if (r.status === 200) {
      loggedIn = true;
      last = r.body;
      lastAt = performance.now();
      why = "";
    } else if (r.status === 401) {
      out();
    } else {
      why = "The page's server says: " + (r.body.error || r.status);
    }
  } catch (e) {
    why = e.name === "AbortError" ? "The page's server does not answer." : "The page's server is not reached.";
  }
  asking = false;
  drawAll();
  if (act) act();
  if (loggedIn || why) timer = setTimeout(poll, act ? HURRY_MS : POLL_MS);
}

/* ---- changing something ------------------------------------------------------------------------------------------ */
function say(kind, text) {
  $("dialog-said").className = "progress " + kind;
  $("dialog-said").textContent = text;
}
function ended(kind, text) {
  act = null;
  say(kind, text);
  $("dialog-yes").hidden = true;
  $("dialog-no").disabled = false;
  $("dialog-no").textContent = "Close";
  $("dialog-no").focus();
}

/* done(view): null as long as it is not, else [kind, text]. */
async function ask(title, lines, yes, path, fields, done) {
  const d = $("dialog"), go = $("dialog-yes");
  $("dialog-title").textContent = title;
  $("dialog-text").replaceChildren(el("ul", {}, lines.map(l => el("li", {}, l))));
  go.textContent = yes;
  go.hidden = false;
  go.disabled = true;
  $("dialog-no").textContent = "Cancel";
  $("dialog-no").disabled = false;
  say("", "Asking whether it can be done now…");
  d.showModal();
  $("dialog-no").focus();
  const send = look => post(path, {...fields, token: last ? last.token : "", ...(look ? {look: "yes"} : {})});
  go.onclick = async () => {
    go.disabled = true;
    $("dialog-no").disabled = true;
    say("", "Under way…");
    try {
      const r = await send(false);
      if (!r.body.started) return ended("bad", "Not done: " + (r.body.text || r.body.error || r.status));
      say("", r.body.text || "Begun.");
    } catch (e) {
      return ended("bad", "No answer came: whether it was begun is not known. Look at what the page shows.");
    }
    const until = performance.now() + DONE_MS;
    act = () => {
      const fresh = last && last.seen && last.answers && !why, end = fresh ? done(last.seen.status) : null;
      if (end) ended(...end);
      else if (performance.now() > until) ended("bad", "Not done after " + span(DONE_MS) + "; it may go on by itself. Look at what the page shows.");
    };
    poll();
  };
  try {
    const r = await send(true);
    if (!d.open || !go.disabled) return;
    if (!r.body.started) return ended("bad", "It cannot be done now: " + (r.body.text || r.body.error || r.status));
    say("", "");
    go.disabled = false;
  } catch (e) {
    ended("bad", "It cannot be asked now: the page's server does not answer.");
  }
}

function handOver(s) {
  const reason = nodeOf(s, s.active)?.reason || "";
  return reason.startsWith("did not hand over") ? reason : "";
}
const pauseText = "Requests wait for about a tenth of a second meanwhile; none is refused, and each payment stays on two disks.";

function askSwitchover(to) {
  const s = last.seen.status, from = s.active, epoch = s.epoch;
  ask("Make " + to + " active?", [from + " hands the role to " + to + ", and follows it from then on.", pauseText,
    "The virtual IP " + s.vip.address.split("/")[0] + " moves to " + to + "."], "Make " + to + " active", "switchover", {to}, now => {
    if (handOver(now)) return ["bad", handOver(now)];
    if (now.epoch === epoch || !serves(now)) return null;
    if (now.active === from) return ["bad", "The role is back where it was. Why, the machine tells: holdfastctl explain"];
    const t = now.last_transition;
    return ["good", now.active + " serves (" + now.mode + ")" + (t && t.epoch > epoch && t.took_ms != null ? ", after " + span(t.took_ms) : "") + "."];
  });
}

function askMaintenance(name, on) {
  const s = last.seen.status, n = nodeOf(s, name), other = standbyOf(s), gateway = n.kind === "gateway", lines = [];
  if (on && name === s.active) lines.push(name + " hands the role to " + (other ? other.name : "the other gateway") + " first. " + pauseText);
  if (on) {
    if (gateway) lines.push("From then on there is one copy of the payments, on " + (name === s.active ? other ? other.name : "the other gateway" : s.active) + " (SOLO).");
    else lines.push("The witness goes on to vote while it runs; nobody is alarmed when it is switched off.");
    lines.push(name + " does not come back by itself: end the maintenance when the work is done.");
  } else {
    lines.push(gateway ? name + " catches up, and counts as a whole copy when it has." : name + " counts again.");
    lines.push("The role stays where it is.");
  }
  ask(on ? "Take " + name + " out of service?" : "End the maintenance of " + name + "?", lines, on ? "Take " + name + " out" : "End it", "maintenance",
    {node: name, on: on ? "yes" : "no"}, now => {
      const m = nodeOf(now, name);
      if (on && handOver(now)) return ["bad", handOver(now)];
      if (!m || !!m.maintenance !== on || (on && (now.in_sync.includes(name) || !serves(now)))) return null;
      return ["good", name + " is " + (on ? "in" : "out of") + " maintenance; " + (now.active || "nobody") + " serves (" + now.mode + ")."];
    });
}

$("dialog-no").addEventListener("click", () => $("dialog").close());
$("dialog").addEventListener("cancel", e => { if ($("dialog-no").disabled) e.preventDefault(); });
$("dialog").addEventListener("close", () => { act = null; });

/* ---- logging in and out ------------------------------------------------------------------------------------------ */
$("login").addEventListener("submit", async e => {
  e.preventDefault();
  $("login-go").disabled = true;
  $("login-error").textContent = "";
  try {
    const r = await post("login", {password: $("password").value});
    if (r.status === 200) {
      $("password").value = "";
      await poll();
      $("main").focus({preventScroll: true});
      scrollTo(0, 0);
    } else {
      $("login-error").textContent = r.body.error || "Not done: " + r.status;
      $("password").select();
    }
  } catch (x) {
    $("login-error").textContent = "The page's server is not reached.";
  }
  $("login-go").disabled = false;
});
$("logout").addEventListener("click", async () => {
  try {
    await post("logout", {token: last ? last.token : ""});
  } catch (e) { /* what is seen here goes either way */ }
  out();
  drawAll();
  $("password").focus();
});

/* A page that comes back from sleep shows old things until it has asked. */
document.addEventListener("visibilitychange", () => { if (!document.hidden && loggedIn) { drawFresh(); poll(); } });
setInterval(() => { if (loggedIn) drawFresh(); }, 500);
poll().then(() => { if (!loggedIn && !why) $("password").focus(); });
})();
