"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { lines, stretches, spans, zones, unknown, breaks, duration_s } = data;
  const M_S_PER_MPH = 0.44704;
  const AXIS_PX = 46;
  const PRINT_WIDTH_PX = 680; // A4 less its margins, at 96 pixels an inch
  const charts = [];

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const known = (values) => values.some((value) => value !== null);
  const clock = (s) => {
    const two = (n) => String(Math.floor(n)).padStart(2, "0");
    const start = s >= 3600 ? `${Math.floor(s / 3600)}:${two((s % 3600) / 60)}` : Math.floor(s / 60);
    return `${start}:${two(s % 60)}`;
  };
  const read = (digits) => (u, value) => (value == null ? "–" : value.toFixed(digits));
  const line = (label, name, digits, width = 2) => ({
    label, shade: name, width, stroke: () => colour(name), points: { show: false },
    value: read(digits),
  });

  const axis = (more) => ({
    stroke: () => colour("quiet"), font: "13px system-ui, sans-serif", size: AXIS_PX,
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false }, ...more,
  });
  const timeAxis = () => axis({
    size: 30, space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600],
    values: (u, splits) => splits.map(clock),
  });
  // Charts above each other keep the same width, so that a moment is at the same place in all.
  const emptyAxis = (side) => axis({ side, grid: { show: false }, values: () => [], scale: "y" });
  const mphAxis = () => axis({
    side: 1, scale: "y", grid: { show: false },
    splits: (u, i, low, high) => {
      const top = high / M_S_PER_MPH;
      const step = [0.1, 0.2, 0.5, 1, 2, 5].find((s) => top / s <= 7) || 10;
      return Array.from({ length: Math.floor(top / step) + 1 }, (_, n) => n * step * M_S_PER_MPH);
    },
    values: (u, splits) => splits.map((m_s) => (m_s / M_S_PER_MPH).toFixed(1)),
  });

  // All charts show the whole walk until someone looks closer.
  const wholeWalk = (first, last) => (u, low, high) =>
    low === null || (low === first && high === last) ? [0, Math.max(duration_s, 1)] : [low, high];

  function draw(id, height, values, series, { range, axes, plugins = [], legend = true, bars }) {
    const where = document.getElementById(id);
    const options = {
      width: where.clientWidth, height, padding: [8, 0, 0, 0],
      scales: {
        x: { time: false, range: wholeWalk(values[0][0], values[0][values[0].length - 1]) },
        y: { range },
      },
      axes: [timeAxis(), ...axes],
      series: [{ label: "Time", value: (u, s) => (s == null ? "–" : clock(s)) }, ...series],
      cursor: { y: false, points: { show: !bars }, sync: bars ? undefined : { key: "walk", scales: ["x", null] } },
      // As variables, so that the keys follow the colour scheme as the lines do.
      legend: {
        show: legend,
        markers: {
          stroke: (u, i) => `var(--${series[i - 1].shade})`,
          fill: (u, i) => `var(--${bars ? series[i - 1].shade : "page"})`,
        },
      },
      plugins: [...plugins, breakBands, ...(bars ? [] : [breakLabels])],
    };
    charts.push({ where, height, plot: new uPlot(options, values, where) });
  }

  const fromZero = (least) => (u, low, high) =>
    [Math.min(0, low ?? 0), Math.max(least, (high ?? 0) * 1.05)];

  const zoneBands = {
    hooks: {
      drawClear: (u) => {
        const { left, top, width, height } = u.bbox;
        const place = (percent) =>
          Math.min(Math.max(u.valToPos(percent, "y", true), top), top + height);
        u.ctx.save();
        zones.forEach((zone, number) => {
          const below = place(zone.from_percent);
          const next = zones[number + 1];
          const above = next ? place(next.from_percent) : top;
          u.ctx.globalAlpha = 0.16;
          u.ctx.fillStyle = colour(zone.colour);
          u.ctx.fillRect(left, above, width, below - above);
          u.ctx.globalAlpha = 1;
          if (below - above > 18 * devicePixelRatio) {
            u.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
            u.ctx.textAlign = "right";
            u.ctx.fillStyle = colour("quiet");
            u.ctx.fillText(zone.name, left + width - 8 * devicePixelRatio, above + 14 * devicePixelRatio);
          }
        });
        u.ctx.restore();
      },
    },
  };

  // Nothing is drawn where nothing is known: the gap itself, and how long it was.
  const eachBreak = (u, paint) => {
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
    for (const [start, end] of breaks) {
      const from = u.valToPos(start, "x", true);
      const to = Math.max(u.valToPos(end, "x", true), from + devicePixelRatio);
      paint({ from, to, top, height, text: `break ${clock(end - start)}` });
    }
    u.ctx.restore();
  };
  const breakBands = {
    hooks: {
      drawClear: (u) => eachBreak(u, ({ from, to, top, height }) => {
        u.ctx.fillStyle = colour("break");
        u.ctx.fillRect(from, top, to - from, height);
      }),
    },
  };
  const breakLabels = {
    hooks: {
      draw: (u) => eachBreak(u, ({ from, to, top, height, text }) => {
        u.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
        u.ctx.textAlign = "center";
        const text_px = u.ctx.measureText(text).width + 8 * devicePixelRatio;
        if (to - from < text_px) return;
        const [middle, row_px] = [(from + to) / 2, 18 * devicePixelRatio];
        u.ctx.fillStyle = colour("break");
        u.ctx.fillRect(middle - text_px / 2, top + (height - row_px) / 2, text_px, row_px);
        u.ctx.fillStyle = colour("quiet");
        u.ctx.fillText(text, middle, top + height / 2 + 4 * devicePixelRatio);
      }),
    },
  };

  const zoneStrip = {
    hooks: {
      draw: (u) => {
        const { left, top, width, height } = u.bbox;
        u.ctx.save();
        u.ctx.beginPath();
        u.ctx.rect(left, top, width, height);
        u.ctx.clip();
        unknown.forEach((part) => {
          u.ctx.fillStyle = colour(part.colour);
          [...breaks, [duration_s]].reduce((start, [end, next]) => {
            const from = u.valToPos(start, "x", true);
            u.ctx.fillRect(from, top, u.valToPos(end, "x", true) - from, height);
            return next;
          }, 0);
        });
        for (const [start, end, zone] of stretches) {
          const from = u.valToPos(start, "x", true);
          u.ctx.fillStyle = colour(zones[zone].colour);
          u.ctx.fillRect(from, top, Math.max(u.valToPos(end, "x", true) - from, 1), height);
        }
        u.ctx.restore();
      },
    },
  };

  function speed() {
    const values = [lines.t_s, lines.belt_m_s];
    const series = [line("Belt now, m/s", "belt", 2, 1)];
    const moves = (name) => lines[name].some((value) => value > 0);
    if (moves("backward_m_s") || !moves("forward_m_s")) {
      values.push(lines.backward_m_s);
      series.push(line("Backward, m/s", "back", 2));
    }
    if (moves("forward_m_s")) {
      values.push(lines.forward_m_s);
      series.push(line("Forward, m/s", "fore", 2));
    }
    draw("speed", 300, values, series, { range: fromZero(0.5), axes: [axis({}), mphAxis()] });
  }

  function rails() {
    const sides = [["Left, N", "left", "left_n"], ["Right, N", "right", "right_n"]]
      .filter(([, , name]) => known(lines[name]));
    draw("rails", 240, [lines.t_s, ...sides.map(([, , name]) => lines[name])],
      sides.map(([label, shade]) => line(label, shade, 1, 1.5)),
      { range: fromZero(20), axes: [axis({}), emptyAxis(1)] });
  }

  function reliance() {
    draw("reliance", 280, [lines.t_s, lines.reliance_percent],
      [line("Reliance, % of body weight", "text", 1, 1.5)],
      { range: fromZero(20), axes: [axis({}), emptyAxis(1)], plugins: [zoneBands] });
  }

  function strip() {
    draw("zones", 84, [[0, duration_s], [null, null]], [{ show: false }],
      { range: () => [0, 1], axes: [emptyAxis(3), emptyAxis(1)], plugins: [zoneStrip], legend: false });
  }

  function metres() {
    const middles = spans.map(([start, end]) => (start + end) / 2);
    // Each bar is drawn from the ground up; the shorter ones in front leave what is stacked.
    const parts = [...zones, ...unknown];
    const stacked = parts.map((_, zone) =>
      spans.map((span) => span.slice(2, 3 + zone).reduce((sum, part) => sum + part, 0)));
    // The width of a bar is that of its span, whatever is next to it and however close one looks.
    const bars = (u, i, first, last) => {
      const path = new Path2D();
      const ground = u.valToPos(0, "y", true);
      for (let n = first; n <= last; n++) {
        const [start, end] = spans[n];
        const from = u.valToPos(start + 0.05 * (end - start), "x", true);
        const to = u.valToPos(end - 0.05 * (end - start), "x", true);
        const top = u.valToPos(u.data[i][n], "y", true);
        path.rect(from, top, Math.max(to - from, 1), ground - top);
      }
      return { fill: path, stroke: null, clip: null, flags: 1 };
    };
    const order = parts.map((_, zone) => zone).reverse();
    draw("metres", 240, [middles, ...order.map((zone) => stacked[zone])],
      order.map((zone) => ({
        label: `${parts[zone].name}, m`, shade: parts[zone].colour,
        fill: () => colour(parts[zone].colour),
        width: 0, paths: bars, points: { show: false },
        value: (u, value, i, n) => (n == null ? "–" : spans[n][2 + zone].toFixed(1)),
      })),
      { range: fromZero(1), axes: [axis({}), emptyAxis(1)], bars: true });
  }

  [speed, rails, reliance, strip, metres].forEach((chart) => chart());

  const fit = () => charts.forEach(({ where, height, plot }) =>
    plot.setSize({ width: where.clientWidth, height }));
  const repaint = () => charts.forEach(({ plot }) => plot.redraw());

  new ResizeObserver(fit).observe(document.querySelector("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    charts.forEach(({ height, plot }) =>
      plot.setSize({ width: PRINT_WIDTH_PX, height: Math.max(84, 0.7 * height) }));
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    fit();
  });
})();
