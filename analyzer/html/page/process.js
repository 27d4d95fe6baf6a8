// SPDX-License-Identifier: MIT
// Process memory over time, its causes stacked: what the kernel's readings, the blocks and the mappings say together.

class ProcessPlot {
  constructor(holder, reading, process, duration) {
    Object.assign(this, {holder, reading, process, duration});
    this.causes = process.causes.filter((cause) => cause.bytes.some((bytes) => bytes > 0));
    this.build();
    new ResizeObserver(() => this.resize()).observe(holder);
  }

  // A cause's curve is the sum of its own and all below it: the first one drawn is the highest.
  stacked() {
    const sums = this.process.t.map(() => 0);
    return [...this.causes].reverse().map((cause) => cause.bytes.map((bytes, i) => sums[i] += bytes)).reverse();
  }

  build() {
    const style = {stroke: cssColor('--soft'), grid: {stroke: cssColor('--faint'), width: 1}, ticks: {stroke: cssColor('--line'), width: 1}, font: '12px system-ui'};
    const steps = uPlot.paths.stepped({align: 1});
    const options = {
      width: this.holder.clientWidth || 900,
      height: 190,
      padding: [8, 34, 0, 0],
      cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
      legend: {show: false},
      scales: {x: {time: false, range: () => [0, Math.max(this.duration, 1) / 1e9]}, y: {range: (u, low, high) => [0, (high || 1) * 1.06]}},
      axes: [
        {...style, space: 90, size: 34, values: (u, ticks) => ticks.map((s) => timeText(s * 1e9, this.duration))},
        {...style, size: sizeUnits.axis, splits: (u, axis, low, high) => sizeTicks(high), values: (u, ticks) => ticks.map((value) => tickText(value, ticks[ticks.length - 1]))},
      ],
      series: [{}, ...this.causes.map((cause) => ({label: cause.title, fill: cause.color, width: 0, points: {show: false}, paths: steps}))],
      hooks: {setCursor: [(plot) => this.read(plot)]},
    };
    this.holder.textContent = '';
    this.plot = new uPlot(options, [this.process.t.map((ns) => ns / 1e9), ...this.stacked()], this.holder);
    this.readAt(this.process.t.length - 1, false);
  }

  resize() {
    const width = this.holder.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({width, height: 190});
  }

  // The reading that holds at the cursor: the last one before it.
  read(plot) {
    const {left} = plot.cursor;
    if (left < 0) return this.readAt(this.process.t.length - 1, false);
    const ns = plot.posToVal(left, 'x') * 1e9;
    let index = 0;
    while (index + 1 < this.process.t.length && this.process.t[index + 1] <= ns) ++index;
    this.readAt(index, true);
  }

  readAt(index, tellsTime) {
    const sum = this.causes.reduce((all, cause) => all + cause.bytes[index], 0);
    const parts = this.causes.filter((cause) => cause.bytes[index] > 0).flatMap((cause) => [
      element('span', {class: 'cause'}, element('span', {style: `color:${cause.color}`}, '■ '), `${cause.title} ${sizeText(cause.bytes[index])}`), ' ']);
    this.reading.replaceChildren(tellsTime ? `${timeText(this.process.t[index], this.duration)}: ` : 'at the end: ', sizeText(sum), ' ', ...parts);
    this.reading.dataset.sum = sum;
  }
}
