// SPDX-License-Identifier: MIT
// The page: one state, and everything drawn from it. What a person chose is in the address behind "#", so that
// a view can be found again.

class Page {
  constructor(recording) {
    this.recording = recording;
    this.amounts = new Amounts(recording);
    this.trees = new Map();
    const {data} = recording;
    useSizeUnits(data.size_units);
    this.state = {metric: data.metric in METRICS ? data.metric : 'peak', from: 0, to: recording.hasTime ? recording.slices : 0, thread: -1,
                  inverted: data.inverted, byLine: false, by: 'line', search: '', compare: Boolean(recording.base)};
    this.readAddress();
    this.fillHead();
    this.makeMetrics();
    this.makeThreads();
    this.flame = new Flame(byId('flame-canvas'), byId('flame'), {onMove: (node, event) => this.describe(node, event), onZoom: () => this.drawPath()});
    this.table = new PlaceTable(byId('table'), recording);
    if (recording.hasTime) {
      this.timeline = new Timeline(byId('timeline'), recording, (range) => this.set(range));
      this.timeline.setRange(this.state.from, this.state.to);
      this.leaks = new LeakList(byId('leaks'), byId('leaks-reading'), recording, this.amounts);
    } else {
      byId('time-section').hidden = byId('leaks-section').hidden = true;
    }
    byId('process-section').hidden = !recording.process;
    if (recording.process) this.process = new ProcessPlot(byId('process'), byId('process-reading'), recording.process, recording.duration);
    document.body.classList.toggle('flame-only', data.flame_only);
    this.fillLegend();
    this.listen();
    this.update();
  }

  // What the flame graph's colours mean, where there is more than one kind of code.
  fillLegend() {
    if (!this.recording.hasPython) return;
    const kinds = [['python', 'Python'], ['package', 'Python packages'], ['native', 'native libraries'], ['dull', 'interpreter']];
    byId('flame-legend').replaceChildren(...kinds.map(([kind, text]) => element('span', {class: `swatch ${kind}`}, text)), element('span', {}, this.recording.summary.python_remark));
    byId('flame-legend').hidden = false;
  }

  get range() { return {from: this.state.from, to: this.state.to}; }
  get isWhole() { return !this.recording.hasTime || (this.state.from === 0 && this.state.to === this.recording.slices); }

  set(change) {
    Object.assign(this.state, change);
    // While something is dragged there are more moves than pictures.
    if (!this.waiting) this.waiting = requestAnimationFrame(() => this.update());
  }

  accepts() {
    const {thread} = this.state;
    const {entryThread} = this.recording;
    return thread < 0 ? () => true : (entry) => entryThread[entry] === thread;
  }

  // Sums over the entries that the thread choice lets through.
  totalOf(metric) {
    const {bytes, blocks} = this.amounts.of(metric, this.range);
    const accepts = this.accepts();
    const sum = {bytes: 0, blocks: 0};
    for (let i = 0; i < bytes.length; ++i) {
      if (!accepts(i)) continue;
      sum.bytes += bytes[i];
      sum.blocks += blocks[i];
    }
    return sum;
  }

  matcher() {
    const text = this.state.search.trim();
    if (!text) return null;
    const pattern = text.match(/^\/(.+)\/$/);
    if (pattern) {
      try {
        const expression = new RegExp(pattern[1], 'i');
        return (name) => expression.test(name);
      } catch (error) {
        return () => false;
      }
    }
    const wanted = text.toLowerCase();
    return (name) => name.toLowerCase().includes(wanted);
  }

  tree() {
    const {inverted, byLine} = this.state;
    const key = `${inverted} ${byLine}`;
    if (!this.trees.has(key)) this.trees.set(key, new CallTree(this.recording, {inverted, byLine}));
    return this.trees.get(key);
  }

  update() {
    this.waiting = 0;
    const {metric, by} = this.state;
    const accepts = this.accepts();
    const matches = this.matcher();
    const now = this.amounts.of(metric, this.range);
    const before = this.state.compare ? this.amounts.ofBase(metric) : null;
    this.drawMetrics();
    this.drawRange();
    this.drawFlame(now, before, accepts, matches);
    this.table.show({by, metric, bytes: now.bytes, blocks: now.blocks, before, accepts, matches});
    byId('table-title').textContent = `${before ? 'Changes' : 'Places'}: ${METRICS[metric].name.toLowerCase()}`;
    if (this.leaks) this.leaks.show({range: this.range, ...this.amounts.of('not_freed', this.range), accepts, matches});
    this.writeAddress();
  }

  drawFlame(now, before, accepts, matches) {
    const tree = this.tree();
    const ranked = METRICS[this.state.metric].blocks ? 'blocks' : 'bytes';
    const chosen = this.state.thread < 0 ? now[ranked] : now[ranked].map((value, entry) => accepts(entry) ? value : 0);
    const values = tree.sum(chosen);
    const hits = matches ? this.hitsOf(tree, matches) : null;
    this.values = values;
    this.valuesBefore = before ? tree.sum(before[ranked]) : null;
    this.flame.show(tree, values, this.valuesBefore, hits ? (node) => hits[node] === 1 : null);
    byId('flame-title').textContent = this.state.inverted ? 'Places and their callers' : 'Who called for it';
    byId('search-result').textContent = hits ? this.hitText(tree, values, hits) : '';
    this.drawPath();
    this.describe(null);
  }

  hitsOf(tree, matches) {
    const {recording} = this;
    const known = new Map();
    const isHit = (frame) => {
      if (!known.has(frame)) known.set(frame, matches(recording.name(frame)) || matches(recording.file(frame)) || matches(recording.module(frame)));
      return known.get(frame);
    };
    return Uint8Array.from(tree.frame, (frame, node) => node > 0 && frame > 0 && isHit(frame) ? 1 : 0);
  }

  // A stack with several hits counts once.
  hitText(tree, values, hits) {
    const covered = new Uint8Array(hits.length);
    let sum = 0;
    for (let node = 1; node < hits.length; ++node) {
      covered[node] = covered[tree.parent[node]] || hits[node];
      if (hits[node] && !covered[tree.parent[node]]) sum += values[node];
    }
    byId('search-result').dataset.value = sum;
    return `${this.valueText(sum)}, ${shareText(sum, values[0])}`;
  }

  valueText(value) { return METRICS[this.state.metric].blocks ? countText(value) : sizeText(value); }

  drawPath() {
    const {tree, zoom} = this.flame;
    const path = [];
    for (let node = zoom; node !== 0; node = tree.parent[node]) path.unshift(node);
    const step = (node) => element('button', {type: 'button', onclick: () => this.flame.zoomTo(node)}, this.flame.nameOf(node));
    byId('path').replaceChildren(...(path.length ? [0, ...path.slice(-4)].flatMap((node, i) => i ? ['›', step(node)] : [step(node)]) : []));
  }

  describe(node, event) {
    const tip = byId('tip');
    const detail = byId('flame-detail');
    const shown = node === null || node === undefined ? this.flame.zoom : node;
    const parts = this.descriptionOf(shown);
    detail.replaceChildren(...parts);
    detail.dataset.value = this.values[shown];
    tip.hidden = !event || node === null;
    if (tip.hidden) return;
    tip.replaceChildren(...this.descriptionOf(shown));
    const {offsetWidth, offsetHeight} = tip;
    tip.style.left = `${Math.max(6, Math.min(event.clientX + 14, window.innerWidth - offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY + 20 + offsetHeight > window.innerHeight ? event.clientY - offsetHeight - 12 : event.clientY + 20}px`;
  }

  descriptionOf(node) {
    const {recording, flame} = this;
    const {tree} = flame;
    const value = this.values[node];
    const amount = METRICS[this.state.metric].blocks ? countText(value) : exactSizeText(value);
    const share = `${shareText(value, this.values[0])} of all` + (flame.zoom !== 0 ? `, ${shareText(value, this.values[flame.zoom])} of the zoomed` : '');
    const parts = [];
    if (node === 0) {
      parts.push(element('b', {}, `All: ${amount}`));
    } else {
      const frame = tree.frame[node];
      parts.push(element('b', {}, recording.fullName(frame)), element('br'), `${amount}, ${share} `, element('span', {class: 'where'}, ` ${this.state.byLine || this.state.inverted && node && recording.line(frame) ? recording.where(frame) : recording.line(frame) ? recording.where(frame).replace(/:\d+$/, '') : recording.moduleName(frame)}`));
    }
    if (this.valuesBefore) {
      const text = METRICS[this.state.metric].blocks ? countText : sizeText;
      const change = value - this.valuesBefore[node];
      parts.push(element('span', {class: change > 0 ? 'up' : 'down'}, `  ${changeText(change, text)}`), ` from ${text(this.valuesBefore[node])}`);
    }
    return parts;
  }

  fillHead() {
    const {summary, data} = this.recording;
    byId('command').textContent = summary.command;
    const facts = [`${summary.started} on ${summary.host}`, `process ${summary.pid}`, `${timeText(summary.duration_ns, summary.duration_ns)}`, summary.end];
    if (data.title) facts.push(data.title);
    if (this.recording.base) facts.push(`compared with ${this.recording.base.summary.file}: ${this.recording.base.summary.command}`);
    byId('facts').textContent = facts.join(' · ');
    byId('notes').replaceChildren(...summary.notes.map((note) => element('p', {}, note)));
    byId('notes').hidden = summary.notes.length === 0;
    const folded = data.folded_nodes ? ` ${countText(data.folded_nodes)} boxes that never reach ${(100 * data.folded_share).toPrecision(2)} % of anything are folded into "too small to show"; all sums count them.` : '';
    byId('foot').textContent = `${data.tool}, from ${summary.file}. All allocations are counted, none sampled.${folded}`;
    document.title = `${summary.command.slice(0, 60)} – memtrace`;
    byId('compare-control').hidden = !this.recording.base;
  }

  makeMetrics() {
    this.cards = Object.entries(METRICS).map(([metric, {name, key}]) => {
      const card = element('button', {type: 'button', class: 'card', role: 'radio', 'data-metric': metric, onclick: () => this.set({metric})},
        element('span', {class: 'name'}, name, element('kbd', {}, key)), element('span', {class: 'value'}), element('span', {class: 'more'}));
      byId('metrics').append(card);
      return card;
    });
  }

  drawMetrics() {
    const {recording, isWhole} = this;
    for (const card of this.cards) {
      const {metric} = card.dataset;
      const sum = this.totalOf(metric);
      const counted = METRICS[metric].blocks;
      card.setAttribute('aria-checked', String(metric === this.state.metric));
      Object.assign(card.dataset, {bytes: sum.bytes, blocks: sum.blocks});
      card.children[1].textContent = counted ? countText(sum.blocks) : sizeText(sum.bytes);
      let more = counted ? sizeText(sum.bytes) : plural(sum.blocks, 'block', 'blocks');
      if (metric === 'peak' && recording.hasTime) more += ` at ${timeText(recording.borders.t[this.amounts.highestBorder(this.range)], recording.duration)}`;
      if (metric === 'temporary') more = `${shareText(sum.blocks, this.totalOf('count').blocks)} of all allocations`;
      const before = this.state.compare ? this.amounts.ofBase(metric) : null;
      if (before && isWhole && this.state.thread < 0) {
        const change = counted ? sum.blocks - sumOf(before.blocks) : sum.bytes - sumOf(before.bytes);
        card.children[2].replaceChildren(element('span', {class: change > 0 ? 'up' : 'down'}, changeText(change, counted ? countText : sizeText)), ' against before');
      } else {
        card.children[2].textContent = more;
      }
    }
  }

  makeThreads() {
    const {threads, entryThread} = this.recording;
    const used = [...new Set(entryThread)].sort((a, b) => a - b);
    const select = byId('thread');
    select.append(element('option', {value: '-1'}, used.length > 1 ? `All ${used.length} threads` : 'All threads'));
    for (const thread of used) select.append(element('option', {value: String(thread)}, threads[thread] || `thread ${thread}`));
    select.hidden = used.length < 2;
  }

  drawRange() {
    if (!this.recording.hasTime) return;
    const {borders, duration} = this.recording;
    const {from, to} = this.state;
    const whole = this.isWhole;
    const text = byId('range-text');
    byId('range-reset').hidden = whole;
    Object.assign(text.dataset, {from, to, fromNs: borders.t[from], toNs: borders.t[to]});
    if (whole) {
      text.textContent = 'Drag over the picture to look at a part of the recording.';
      return;
    }
    const grown = borders.bytes[to] - borders.bytes[from];
    text.replaceChildren(element('b', {}, `${timeText(borders.t[from], duration)} – ${timeText(borders.t[to], duration)}`),
      `: live ${sizeText(borders.bytes[from])} → ${sizeText(borders.bytes[to])} `, element('span', {class: grown > 0 ? 'up' : 'down'}, `(${changeText(grown, sizeText)})`), '. Everything below is about this part.');
  }

  listen() {
    const check = (id, name) => byId(id).addEventListener('change', (event) => this.set({[name]: event.target.checked}));
    check('inverted', 'inverted');
    check('by-line', 'byLine');
    check('compare', 'compare');
    byId('thread').addEventListener('change', (event) => this.set({thread: Number(event.target.value)}));
    byId('table-by').addEventListener('change', (event) => this.set({by: event.target.value}));
    byId('search').addEventListener('input', (event) => this.set({search: event.target.value}));
    byId('range-reset').addEventListener('click', () => this.resetRange());
    byId('theme').addEventListener('click', () => this.toggleTheme());
    byId('help-open').addEventListener('click', () => byId('help').showModal());
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('hashchange', () => { if (this.readAddress()) this.update(); });
    window.addEventListener('beforeprint', () => this.flame.draw());
    this.showControls();
  }

  showControls() {
    const {state} = this;
    byId('inverted').checked = state.inverted;
    byId('by-line').checked = state.byLine;
    byId('compare').checked = state.compare;
    byId('thread').value = String(state.thread);
    byId('table-by').value = state.by;
    byId('search').value = state.search;
  }

  resetRange() { if (this.timeline) this.timeline.setRange(0, this.recording.slices); }

  toggleTheme() {
    setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    if (this.timeline) this.timeline.build();
    this.update();
  }

  key(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== 'checkbox';
    if (event.key === 'Escape') {
      if (byId('help').open) return;
      if (this.flame.zoom !== 0) this.flame.zoomTo(0);
      else if (this.state.search) { this.set({search: ''}); byId('search').value = ''; }
      else this.resetRange();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const metric = Object.keys(METRICS).find((name) => METRICS[name].key === event.key);
    if (metric) this.set({metric});
    else if (event.key === '/') byId('search').focus();
    else if (event.key === 'i') { this.set({inverted: !this.state.inverted}); byId('inverted').checked = this.state.inverted; }
    else if (event.key === 't') this.toggleTheme();
    else if (event.key === '?') byId('help').showModal();
    else return;
    event.preventDefault();
  }

  // "#metric=total&from=12&to=40": only what is not as at the start. True if something changed.
  readAddress() {
    const words = new URLSearchParams(location.hash.slice(1));
    const before = JSON.stringify(this.state);
    const number = (name, low, high) => {
      const value = Number.parseInt(words.get(name), 10);
      if (value >= low && value <= high) this.state[name] = value;
    };
    if (words.get('metric') in METRICS) this.state.metric = words.get('metric');
    number('from', 0, (this.recording.slices || 1) - 1);
    number('to', this.state.from + 1, this.recording.slices || 0);
    number('thread', 0, this.recording.threads.length - 1);
    for (const name of ['search', 'by']) if (words.has(name)) this.state[name] = words.get(name);
    if (!['line', 'function', 'file', 'module', 'thread'].includes(this.state.by)) this.state.by = 'line';
    for (const name of ['inverted', 'byLine']) if (words.has(name)) this.state[name] = words.get(name) === '1';
    return before !== JSON.stringify(this.state);
  }

  writeAddress() {
    const words = new URLSearchParams();
    const {state, recording} = this;
    if (state.metric !== recording.data.metric) words.set('metric', state.metric);
    if (!this.isWhole) { words.set('from', state.from); words.set('to', state.to); }
    if (state.thread >= 0) words.set('thread', state.thread);
    if (state.inverted !== recording.data.inverted) words.set('inverted', state.inverted ? '1' : '0');
    if (state.byLine) words.set('byLine', '1');
    if (state.by !== 'line') words.set('by', state.by);
    if (state.search) words.set('search', state.search);
    const text = words.toString();
    if (text === location.hash.slice(1)) return;
    try {
      history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search);
    } catch (error) {
      // An address that the browser keeps for itself: the page works all the same.
    }
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

async function start() {
  setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  try {
    window.page = new Page(new Recording(await readDocument()));
    document.body.dataset.state = 'ready';
  } catch (error) {
    document.body.dataset.state = 'failed';
    document.querySelector('main').replaceChildren(element('section', {}, element('p', {}, `This page could not be read: ${error.message}`)));
    throw error;
  }
}

start();
