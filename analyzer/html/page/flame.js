// SPDX-License-Identifier: MIT
// An icicle graph on a canvas: the root on top, callees below, width = share. Only boxes of half a pixel and
// more are drawn, and only rows that are in view.

const ROW = 20;

class Flame {
  // `onMove(node)`: the pointer or the keyboard is on a box (null: on none). `onZoom(node)`.
  constructor(canvas, holder, {onMove, onZoom}) {
    Object.assign(this, {canvas, holder, onMove, onZoom});
    this.zoom = 0;
    this.chosen = null;
    this.boxes = [];
    this.spacer = element('div');
    holder.append(this.spacer);
    canvas.addEventListener('mousemove', (event) => this.pointAt(event));
    canvas.addEventListener('mouseleave', () => this.hover(null));
    canvas.addEventListener('click', (event) => {
      const node = this.nodeAt(event);
      if (node !== null) this.zoomTo(node);
      canvas.focus({preventScroll: true});
    });
    canvas.addEventListener('keydown', (event) => this.key(event));
    holder.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.draw()).observe(holder);
  }

  // `tree`, and by node: `values`, and `before` or null. `isHit(node)` or null.
  show(tree, values, before, isHit) {
    if (tree !== this.tree) {
      this.zoom = 0;
      this.chosen = null;
    }
    Object.assign(this, {tree, values, before, isHit});
    this.widths = before ? values.map((value, i) => Math.max(value, before[i])) : values;
    if (before) this.addWidthsUp();
    this.layOut();
    this.draw();
  }

  // Where two recordings are compared, a box is as wide as the larger of both, and never narrower than what it calls.
  addWidthsUp() {
    const {parent} = this.tree;
    const inside = new Float64Array(parent.length);
    for (let i = parent.length - 1; i > 0; --i) {
      this.widths[i] = Math.max(this.widths[i], inside[i]);
      inside[parent[i]] += this.widths[i];
    }
    this.widths[0] = Math.max(this.widths[0], inside[0]);
  }

  zoomTo(node) {
    this.zoom = node;
    this.layOut();
    this.holder.scrollTop = 0;
    this.draw();
    this.onZoom(node);
  }

  // Every box: its node, row, and place as shares of the width.
  layOut() {
    const {tree, widths} = this;
    this.boxes = [];
    this.rows = 0;
    if (!(widths[this.zoom] > 0)) {
      this.zoom = 0;
    }
    const ancestors = [];
    for (let node = this.zoom; ; node = tree.parent[node]) {
      ancestors.unshift(node);
      if (node === 0) break;
    }
    const smallest = 0.5 / Math.max(1, this.holder.clientWidth || 1200);
    ancestors.forEach((node, row) => this.boxes.push({node, row, x: 0, width: 1}));
    this.rows = ancestors.length;
    const todo = [this.boxes[this.boxes.length - 1]];
    const whole = widths[this.zoom];
    if (!(whole > 0)) return;
    while (todo.length > 0) {
      const box = todo.pop();
      const kids = [];
      let rest = 0;
      for (let k = tree.kidsBegin[box.node]; k < tree.kidsBegin[box.node + 1]; ++k) {
        const share = widths[tree.kids[k]] / whole;
        if (share >= smallest) kids.push(tree.kids[k]);
        else rest += share;
      }
      kids.sort((a, b) => widths[b] - widths[a] || a - b);
      let x = box.x;
      for (const node of kids) {
        const inner = {node, row: box.row + 1, x, width: widths[node] / whole};
        this.boxes.push(inner);
        todo.push(inner);
        x += inner.width;
        this.rows = Math.max(this.rows, inner.row + 1);
      }
      // Many boxes too narrow to draw are still somebody's memory: a grey one stands for them.
      if (rest >= smallest) {
        this.boxes.push({node: box.node, row: box.row + 1, x, width: rest, isRest: true});
        this.rows = Math.max(this.rows, box.row + 2);
      }
    }
  }

  draw() {
    if (!this.tree) return;
    const width = this.holder.clientWidth;
    const full = this.rows * ROW;
    const height = Math.min(full, Math.max(200, this.limit()));
    const scale = window.devicePixelRatio || 1;
    const {canvas} = this;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.spacer.style.height = `${Math.max(0, full - height)}px`;
    const paint = canvas.getContext('2d');
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    paint.font = '12px system-ui, "Segoe UI", "Noto Sans", sans-serif';
    paint.textBaseline = 'middle';
    const top = this.holder.scrollTop;
    this.palette = new Palette(this);
    for (const box of this.boxes) {
      const y = box.row * ROW - top;
      if (y > -ROW && y < height) this.drawBox(paint, box, y, width);
    }
  }

  // A page that is nothing but the graph shows all of it.
  limit() {
    return document.body.classList.contains('flame-only') ? 16000 : Math.max(320, window.innerHeight * 0.62);
  }

  drawBox(paint, box, y, width) {
    const x = box.x * width;
    const boxWidth = box.width * width;
    if (box.isRest) {
      paint.fillStyle = this.palette.dim.fill;
      paint.fillRect(x, y, Math.max(0.5, boxWidth - (boxWidth > 3 ? 1 : 0)), ROW - 1);
      return;
    }
    const {fill, ink} = this.palette.of(box.node);
    paint.globalAlpha = box.node !== this.zoom && box.width === 1 && this.tree.isBelow(this.zoom, box.node) ? 0.55 : 1;
    paint.fillStyle = fill;
    paint.fillRect(x, y, Math.max(0.5, boxWidth - (boxWidth > 3 ? 1 : 0)), ROW - 1);
    if (box.node === this.chosen) {
      paint.strokeStyle = this.palette.edge;
      paint.lineWidth = 2;
      paint.strokeRect(x + 1, y + 1, Math.max(1, boxWidth - 3), ROW - 3);
    }
    if (boxWidth > 26) {
      paint.fillStyle = ink;
      const text = this.clipped(paint, this.nameOf(box.node), boxWidth - 9);
      if (text) paint.fillText(text, x + 4, y + ROW / 2);
    }
    paint.globalAlpha = 1;
  }

  nameOf(node) {
    return node === 0 ? 'all' : this.tree.recording.name(this.tree.frame[node]);
  }

  clipped(paint, text, width) {
    if (paint.measureText(text).width <= width) return text;
    let low = 0, high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (paint.measureText(text.slice(0, middle) + '…').width <= width) low = middle;
      else high = middle - 1;
    }
    return low < 2 ? '' : text.slice(0, low) + '…';
  }

  boxOf(node) { return this.boxes.find((box) => box.node === node && !box.isRest); }

  nodeAt(event) {
    const place = this.canvas.getBoundingClientRect();
    const share = (event.clientX - place.left) / place.width;
    const row = Math.floor((event.clientY - place.top + this.holder.scrollTop) / ROW);
    const box = this.boxes.find((b) => b.row === row && share >= b.x && share < b.x + b.width);
    return box ? box.node : null;
  }

  pointAt(event) { this.hover(this.nodeAt(event), event); }

  hover(node, event) {
    if (node !== this.chosen) {
      this.chosen = node;
      this.draw();
    }
    this.onMove(node, event);
  }

  key(event) {
    const box = this.boxOf(this.chosen === null ? this.zoom : this.chosen) || this.boxOf(this.zoom);
    if (!box) return;
    const sameRow = this.boxes.filter((b) => b.row === box.row && !b.isRest).sort((a, b) => a.x - b.x);
    const at = sameRow.indexOf(box);
    let next = null;
    if (event.key === 'ArrowLeft') next = sameRow[at - 1];
    else if (event.key === 'ArrowRight') next = sameRow[at + 1];
    else if (event.key === 'ArrowUp') next = this.boxOf(this.tree.parent[box.node]);
    else if (event.key === 'ArrowDown') {
      next = this.boxes.filter((b) => b.row === box.row + 1 && !b.isRest && this.tree.parent[b.node] === box.node).sort((a, b) => a.x - b.x)[0];
    } else if (event.key === 'Enter') this.zoomTo(box.node);
    else if (event.key === 'Backspace') this.zoomTo(this.tree.parent[this.zoom]);
    else return;
    event.preventDefault();
    if (!next) return;
    const top = next.row * ROW;
    if (top < this.holder.scrollTop) this.holder.scrollTop = top;
    if (top + ROW > this.holder.scrollTop + this.holder.clientHeight) this.holder.scrollTop = top + ROW - this.holder.clientHeight;
    this.hover(next.node);
  }
}

// Colours: the program's own code is warm, each library has a cool hue of its own, start-up code and allocator
// wrappers are grey. Where two recordings are compared: red grew, blue shrank.
class Palette {
  constructor(flame) {
    this.flame = flame;
    this.dark = document.documentElement.dataset.theme === 'dark';
    this.edge = cssColor('--ink');
    this.hit = cssColor('--hit');
    this.dim = {fill: cssColor('--faint'), ink: cssColor('--soft')};
    this.known = new Map();
  }

  of(node) {
    const {tree, isHit, before} = this.flame;
    if (isHit && node !== 0 && isHit(node)) return {fill: this.hit, ink: this.dark ? '#14161a' : '#fff'};
    if (isHit && node !== 0) return this.dim;
    return before ? this.changed(node) : this.ofFrame(node === 0 ? 0 : tree.frame[node]);
  }

  color(hue, saturation, light) {
    return this.dark ? {fill: `hsl(${hue} ${saturation * 0.7}% ${light * 0.5}%)`, ink: '#f2f3f5'}
                     : {fill: `hsl(${hue} ${saturation}% ${light}%)`, ink: '#1b1d20'};
  }

  ofFrame(frame) {
    if (!this.known.has(frame)) this.known.set(frame, this.makeColor(frame));
    return this.known.get(frame);
  }

  makeColor(frame) {
    const {recording} = this.flame.tree;
    if (frame === 0) return this.color(220, 6, 84);
    const hash = hashOf(recording.name(frame));
    const flags = recording.flags(frame);
    if (flags & (FLAG.plumbing | FLAG.startCode)) return this.color(220, 8, 84 - hash % 5);
    if (flags & FLAG.python) {
      return flags & FLAG.program ? this.color(46 + hash % 12, 92, 60 + (hash >> 8) % 7)
                                  : this.color(46 + hash % 12, 66, 80 + (hash >> 8) % 7);
    }
    if (flags & FLAG.program) return this.color(14 + hash % 36, 82, 68 + (hash >> 8) % 8);
    const module = hashOf(recording.moduleName(frame));
    return this.color(90 + module % 190, 42, 74 + hash % 7);
  }

  changed(node) {
    const {values, before} = this.flame;
    const larger = Math.max(values[node], before[node]);
    const change = larger > 0 ? (values[node] - before[node]) / larger : 0;
    if (Math.abs(change) < 0.001) return this.color(220, 6, 84);
    return this.color(change > 0 ? 6 : 212, 40 + 45 * Math.abs(change), 86 - 18 * Math.abs(change));
  }
}
