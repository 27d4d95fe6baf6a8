// SPDX-License-Identifier: MIT
// Memory over time, with marks and a range: drag to make one, drag its edges or itself to move it. A range
// snaps to the recording's borders, so that every number about it is exact.

class Timeline {
  // `onRange({from, to})` while it moves.
  constructor(holder, recording, onRange) {
    Object.assign(this, {holder, recording, onRange});
    this.range = {from: 0, to: recording.slices};
    this.makeSeries();
    this.build();
    new ResizeObserver(() => this.resize()).observe(holder);
    holder.addEventListener('keydown', (event) => this.key(event));
  }

  // Both curves at all times of either: uPlot wants one column of times. Between its points each goes straight.
  makeSeries() {
    const {curve, resident} = this.recording;
    const times = [...new Set([...curve.t, ...resident.t])].sort((a, b) => a - b);
    const at = (series) => {
      const values = [];
      let i = 0;
      for (const time of times) {
        while (i + 1 < series.t.length && series.t[i + 1] <= time) ++i;
        values.push(series.t.length === 0 || series.t[i] > time ? null : series.bytes[i]);
      }
      return values;
    };
    this.data = [times.map((ns) => ns / 1e9), at(curve), at(resident)];
  }

  build() {
    const {duration, resident} = this.recording;
    const style = {stroke: cssColor('--soft'), grid: {stroke: cssColor('--faint'), width: 1}, ticks: {stroke: cssColor('--line'), width: 1}, font: '12px system-ui'};
    const options = {
      width: this.holder.clientWidth || 900,
      height: 210,
      padding: [18, 34, 0, 0],
      cursor: {y: false, drag: {x: false, y: false}, points: {size: 7}},
      legend: {show: false},
      scales: {x: {time: false, range: () => [0, Math.max(duration, 1) / 1e9]}, y: {range: (u, low, high) => [0, (high || 1) * 1.06]}},
      axes: [
        {...style, space: 90, size: 34, values: (u, ticks) => ticks.map((s) => timeText(s * 1e9, duration))},
        {...style, size: sizeUnits.axis, splits: (u, axis, low, high) => sizeTicks(high), values: (u, ticks) => ticks.map((value) => tickText(value, ticks[ticks.length - 1]))},
      ],
      series: [
        {},
        {label: 'live', stroke: cssColor('--live'), fill: cssColor('--live-fill'), width: 1.6, points: {show: false}, spanGaps: true},
        {label: 'process', stroke: cssColor('--resident'), width: 1.2, dash: [5, 3], points: {show: false}, spanGaps: true, show: resident.t.length > 0 && !this.hidesProcess},
      ],
      hooks: {draw: [(u) => this.drawMarks(u)], setCursor: [(u) => this.read(u)], setSize: [() => this.placeRange()]},
    };
    this.holder.textContent = '';
    this.plot = new uPlot(options, this.data, this.holder);
    this.addRange(this.plot.over);
    this.readAt(null);
  }

  resize() {
    const width = this.holder.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({width, height: 210});
  }

  drawMarks(plot) {
    const paint = plot.ctx;
    const scale = window.devicePixelRatio || 1;
    paint.save();
    paint.strokeStyle = paint.fillStyle = cssColor('--mark');
    paint.font = `${11 * scale}px system-ui`;
    paint.lineWidth = scale;
    paint.textAlign = 'left';
    paint.textBaseline = 'alphabetic';
    paint.setLineDash([3 * scale, 3 * scale]);
    const {left, top, width, height} = plot.bbox;
    let textEnd = -Infinity;
    for (const mark of this.recording.data.marks) {
      const x = Math.round(plot.valToPos(mark.t / 1e9, 'x', true));
      paint.beginPath();
      paint.moveTo(x, top);
      paint.lineTo(x, top + height);
      paint.stroke();
      const textWidth = paint.measureText(mark.name).width;
      const begin = Math.min(x - 2 * scale, left + width - textWidth);
      if (begin < textEnd + 8 * scale) continue;  // no room; the readout names it
      paint.fillText(mark.name, begin, top - 5 * scale);
      textEnd = begin + textWidth;
    }
    paint.restore();
  }

  read(plot) {
    const {left} = plot.cursor;
    this.readAt(left >= 0 ? plot.posToVal(left, 'x') * 1e9 : null);
  }

  readAt(ns) {
    const reading = byId('time-reading');
    const {curve, resident, duration, data} = this.recording;
    const swatch = (color, text) => element('span', {style: `color:var(${color})`}, text);
    if (ns === null) {
      reading.replaceChildren(swatch('--live', '■ live heap'));
      if (resident.t.length) reading.append('  ', this.processToggle());
      return;
    }
    const indexAt = (times) => {
      let low = 0, high = times.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (times[middle] <= ns) low = middle;
        else high = middle - 1;
      }
      return low;
    };
    const at = indexAt(curve.t);
    const parts = [`${timeText(ns, duration)} `, swatch('--live', ` ${sizeText(curve.bytes[at])} live`), ` in ${plural(curve.blocks[at], 'block', 'blocks')}`];
    if (resident.t.length && resident.t[0] <= ns) parts.push(swatch('--resident', `  ${sizeText(resident.bytes[indexAt(resident.t)])} process`));
    const near = data.marks.find((mark) => Math.abs(mark.t - ns) < duration / 150);
    if (near) parts.push(swatch('--mark', `  ${near.name}`));
    reading.replaceChildren(...parts);
  }

  // Process memory can dwarf the heap: without it the scale is the heap's own.
  processToggle() {
    const box = element('input', {type: 'checkbox', onchange: (event) => {
      this.hidesProcess = !event.target.checked;
      this.plot.setSeries(2, {show: event.target.checked});
    }});
    box.checked = !this.hidesProcess;
    return element('label', {style: 'color:var(--resident)'}, box, '┅ process memory');
  }

  addRange(over) {
    this.band = element('div', {class: 'range'});
    this.edges = [element('div', {class: 'range-edge', 'data-edge': 'from'}), element('div', {class: 'range-edge', 'data-edge': 'to'})];
    over.append(this.band, ...this.edges);
    over.addEventListener('pointerdown', (event) => this.startDrag(event, over));
    this.placeRange();
  }

  isWhole() { return this.range.from === 0 && this.range.to === this.recording.slices; }

  placeRange() {
    if (!this.band) return;
    const {t} = this.recording.borders;
    const place = (border) => this.plot.valToPos(t[border] / 1e9, 'x');
    const from = place(this.range.from), to = place(this.range.to);
    for (const part of [this.band, ...this.edges]) part.hidden = this.isWhole();
    this.band.style.left = `${from}px`;
    this.band.style.width = `${Math.max(1, to - from)}px`;
    this.edges[0].style.left = `${from}px`;
    this.edges[1].style.left = `${to}px`;
  }

  nearestBorder(ns) {
    const {t} = this.recording.borders;
    let low = 0, high = t.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (t[middle] < ns) low = middle + 1;
      else high = middle;
    }
    return low > 0 && ns - t[low - 1] < t[low] - ns ? low - 1 : low;
  }

  startDrag(event, over) {
    if (event.button !== 0) return;
    const left = over.getBoundingClientRect().left;
    const timeAt = (e) => this.plot.posToVal(e.clientX - left, 'x') * 1e9;
    const begin = timeAt(event);
    const {from, to} = this.range;
    const {t} = this.recording.borders;
    const edge = event.target.dataset ? event.target.dataset.edge : undefined;
    const moves = event.target === this.band && !event.shiftKey;
    const follow = (e) => {
      const now = timeAt(e);
      if (edge) this.setRange(edge === 'from' ? this.nearestBorder(now) : from, edge === 'to' ? this.nearestBorder(now) : to);
      else if (moves) this.setRange(this.nearestBorder(t[from] + now - begin), this.nearestBorder(t[to] + now - begin));
      else this.setRange(this.nearestBorder(begin), this.nearestBorder(now));
    };
    const end = (e) => {
      over.releasePointerCapture(e.pointerId);
      over.removeEventListener('pointermove', follow);
      over.removeEventListener('pointerup', end);
    };
    over.setPointerCapture(event.pointerId);
    over.addEventListener('pointermove', follow);
    over.addEventListener('pointerup', end);
    event.preventDefault();
    this.holder.focus({preventScroll: true});
  }

  setRange(a, b) {
    const last = this.recording.slices;
    let from = Math.max(0, Math.min(a, b)), to = Math.min(last, Math.max(a, b));
    if (from === to) to < last ? ++to : --from;
    if (from === this.range.from && to === this.range.to) return;
    this.range = {from, to};
    this.placeRange();
    this.onRange(this.range);
  }

  key(event) {
    const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10}[event.key];
    const {from, to} = this.range;
    if (step === undefined) return;
    if (event.shiftKey) this.setRange(Math.min(from + step, to - 1), to);
    else this.setRange(from, Math.max(to + step, from + 1));
    event.preventDefault();
  }
}

// One unit for the whole axis: which of the units' names.
function axisPower(highest) {
  const {step, names} = sizeUnits;
  const power = Math.max(0, Math.floor(Math.log(Math.max(1, highest)) / Math.log(step) + 1e-9));
  return names.length === 1 ? power : Math.min(power, names.length - 1);
}

function tickText(value, highest) {
  if (value === 0) return '0';
  if (sizeUnits.names.length === 1) return countText(value);
  const power = axisPower(highest);
  return `${Number((value / sizeUnits.step ** power).toPrecision(4))} ${sizeUnits.names[power]}`;
}

// Four to seven round numbers in these units.
function sizeTicks(high) {
  const unit = sizeUnits.step ** axisPower(high);
  const rough = high / unit / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = unit * power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1);
  const ticks = [];
  for (let value = 0; value <= high; value += Math.max(1, step)) ticks.push(value);
  return ticks;
}
