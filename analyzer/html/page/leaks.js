// SPDX-License-Identifier: MIT
// What was allocated in the range and is still live at its end, place by place, with the curve of each.

class LeakList {
  constructor(holder, reading, recording, amounts) {
    Object.assign(this, {holder, reading, recording, amounts});
    this.shown = 10;
  }

  // `view`: {range, bytes, blocks (by entry), accepts(entry), matches(text) or null}.
  show(view) {
    this.view = view;
    const places = this.places || (this.places = placesBy(this.recording, 'line'));
    const rows = [];
    for (const place of places) {
      if (!place.entries.length) continue;  // only in the recording compared with
      const row = {place, bytes: 0, blocks: 0, largest: place.entries[0]};
      for (const entry of place.entries) {
        if (!view.accepts(entry)) continue;
        row.bytes += view.bytes[entry];
        row.blocks += view.blocks[entry];
        if (view.bytes[entry] > view.bytes[row.largest]) row.largest = entry;
      }
      if (row.blocks > 0) rows.push(row);
    }
    this.all = rows.reduce((sum, row) => ({bytes: sum.bytes + row.bytes, blocks: sum.blocks + row.blocks}), {bytes: 0, blocks: 0});
    this.rows = rows.filter((row) => !view.matches || this.recording.stackOf(row.largest).some((frame) => view.matches(this.recording.name(frame)) || view.matches(this.recording.where(frame))));
    this.rows.sort((a, b) => b.bytes - a.bytes || b.blocks - a.blocks);
    this.render();
  }

  render() {
    const {range} = this.view;
    const isWhole = range.from === 0 && range.to === this.recording.slices;
    this.reading.textContent = this.all.blocks === 0 ? '' : `${sizeText(this.all.bytes)} in ${plural(this.all.blocks, 'block', 'blocks')} by ${plural(this.rows.length, 'place', 'places')}, ${isWhole ? 'live at the end' : 'allocated in the range and live at its end'}`;
    if (this.rows.length === 0) {
      this.holder.replaceChildren(element('p', {class: 'empty'}, this.all.blocks === 0 ? 'Everything was freed.' : 'No place matches the search.'));
      return;
    }
    const parts = this.rows.slice(0, this.shown).map((row) => this.leakElement(row));
    const rest = this.rows.length - this.shown;
    if (rest > 0) parts.push(element('button', {type: 'button', style: 'margin-top:8px', onclick: () => { this.shown += 30; this.render(); }}, `${countText(rest)} more`));
    this.holder.replaceChildren(...parts);
    this.drawCurves();
  }

  leakElement(row) {
    const {recording} = this;
    const label = placeLabel(recording, 'line', row.place);
    const source = recording.sourceLine(row.place.frame).trim();
    const canvas = element('canvas', {role: 'img', 'aria-label': 'live bytes of this place over time'});
    canvas.entries = row.place.entries;
    return element('div', {class: 'leak', 'data-bytes': row.bytes, 'data-blocks': row.blocks},
      element('div', {}, element('div', {}, element('span', {class: 'sum'}, `${sizeText(row.bytes)} `), `in ${plural(row.blocks, 'block', 'blocks')}  `, element('span', {class: 'where', style: 'font-family:var(--mono)'}, label.main)),
        source ? element('code', {}, source) : null, stackElement(recording, row.largest)),
      element('div', {}, canvas, element('div', {class: 'when'}, this.whenText(row), ...this.verdict(row))));
  }

  whenText(row) {
    const births = this.amounts.birthsOfNotFreed(row.place.entries, this.view.range);
    if (!births) return '';
    const text = (border) => timeText(this.recording.borders.t[border], this.recording.duration);
    return births.first === births.last ? `all by ${text(births.last)}` : `from ${text(births.first)} to ${text(births.last)}`;
  }

  // Over the whole recording; nothing for a part of it, or of the threads.
  verdict(row) {
    const {range, accepts} = this.view;
    const isWhole = range.from === 0 && range.to === this.recording.slices && row.place.entries.every(accepts);
    const text = isWhole ? this.recording.growthOf(row.place.frame) : '';
    return text ? [element('div', {class: text.startsWith('still growing') ? 'growing' : 'settled', 'data-growth': text}, text)] : [];
  }

  // Once they are in the document and have a size.
  drawCurves() {
    const {t} = this.recording.borders;
    const {range} = this.view;
    const scale = window.devicePixelRatio || 1;
    for (const canvas of this.holder.querySelectorAll('canvas')) {
      const {clientWidth: width, clientHeight: height} = canvas;
      canvas.width = width * scale;
      canvas.height = height * scale;
      const curve = this.amounts.curveOf(canvas.entries);
      let highest = 1;
      for (let i = 0; i < curve.length; ++i) highest = Math.max(highest, curve[i]);
      const paint = canvas.getContext('2d');
      paint.scale(scale, scale);
      const x = (border) => t[t.length - 1] > 0 ? width * t[border] / t[t.length - 1] : 0;
      const y = (bytes) => height - 2 - (height - 5) * bytes / highest;
      paint.fillStyle = cssColor('--accent-soft');
      if (range.from !== 0 || range.to !== this.recording.slices) paint.fillRect(x(range.from), 0, Math.max(1, x(range.to) - x(range.from)), height);
      paint.beginPath();
      paint.moveTo(0, height - 2);
      for (let i = 0; i < curve.length; ++i) paint.lineTo(x(i), y(curve[i]));
      paint.lineTo(width, height - 2);
      paint.closePath();
      paint.fillStyle = cssColor('--live-fill');
      paint.fill();
      paint.beginPath();
      for (let i = 0; i < curve.length; ++i) paint[i ? 'lineTo' : 'moveTo'](x(i), y(curve[i]));
      paint.strokeStyle = cssColor('--live');
      paint.lineWidth = 1.3;
      paint.stroke();
    }
  }
}
