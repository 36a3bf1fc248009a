// Draws the figures that stand as JSON in this page. Loads nothing.
(function () {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const shared = read("shared-arrays");
  const figures = read("figures");
  const selected = {};

  // An object {"$ref": name} stands for an array that several charts share.
  function resolve(value) {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== "object") return value;
    if ("$ref" in value) return Object.assign({}, shared[value.$ref]);
    const out = {};
    for (const key of Object.keys(value)) out[key] = resolve(value[key]);
    return out;
  }

  const shown = (trace, section) => !(trace.meta && trace.meta.policy) || trace.meta.policy === selected[section];
  const config = {
    responsive: true, displaylogo: false, displayModeBar: "hover",
    // Named one by one: the default bar has a button that would send the data to a server.
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  };

  function select(section, policy) {
    selected[section] = policy;
    for (const button of document.querySelectorAll('nav.selector[data-section="' + section + '"] button')) {
      button.setAttribute("aria-pressed", String(button.dataset.policy === policy));
    }
    for (const node of document.querySelectorAll('.chart[data-section="' + section + '"]')) {
      if (node.data) Plotly.restyle(node, { visible: node.data.map((trace) => shown(trace, section)) });
    }
  }

  for (const nav of document.querySelectorAll("nav.selector")) {
    const buttons = nav.querySelectorAll("button");
    for (const button of buttons) {
      button.addEventListener("click", () => select(nav.dataset.section, button.dataset.policy));
    }
    select(nav.dataset.section, buttons[0].dataset.policy);
  }

  // One chart a frame, from the top: the page can be read while the rest is drawn.
  const waiting = Array.from(document.querySelectorAll(".chart"));
  function next() {
    const node = waiting.shift();
    if (!node) { document.body.dataset.drawn = "all"; return; }
    const figure = resolve(figures[node.id]);
    for (const trace of figure.data) trace.visible = shown(trace, node.dataset.section);
    Plotly.newPlot(node, figure.data, figure.layout, config).then(() => setTimeout(next, 0));
  }
  next();

  window.addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll(".chart")) if (node.data) Plotly.Plots.resize(node);
  });
})();
