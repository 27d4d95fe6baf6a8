// SPDX-License-Identifier: MIT
// Places and what each of them has: the rows of `memtrace top`, by line, function, file, module or thread.

const ROWS_AT_ONCE = 15;

// Groups of entries that are charged to the same place: [{key, frame, thread, entries, beforeEntries, frameBefore}],
// in no order. `beforeEntries` are those that hold the place's amounts of the recording compared with: code that
// stood elsewhere then is charged to other entries.
function placesBy(recording, by) {
  const places = new Map();
  const placeOf = (entry, side) => {
    const frame = recording.entryCharged[entry];
    const thread = recording.entryThread[entry];
    const key = placeKey(recording, by, frame, thread, side);
    if (!places.has(key)) places.set(key, {key, frame, thread, entries: [], beforeEntries: [], frameBefore: null});
    return places.get(key);
  };
  const hasNow = recording.base ? recording.entriesNow() : null;
  for (let entry = 0; entry < recording.entryNode.length; ++entry) {
    if (hasNow && !hasNow[entry]) continue;
    placeOf(entry, 'now').entries.push(entry);
  }
  if (!recording.base) return [...places.values()];
  const {blocks} = recording.totalBefore();
  for (let entry = 0; entry < recording.entryNode.length; ++entry) {
    if (!blocks[entry]) continue;
    const place = placeOf(entry, 'before');
    place.beforeEntries.push(entry);
    place.frameBefore = recording.entryCharged[entry];
  }
  return [...places.values()];
}

// As the rows of `memtrace top`. Where two recordings are compared, `side` is that which the entry's amounts are of:
// which frames are the same place was found out by `memtrace diff`.
function placeKey(recording, by, frame, thread, side) {
  const matched = recording.base && recording.base.places[by];
  if (matched && matched[side][frame]) return `=${matched[side][frame]}`;
  const name = recording.name(frame);
  const module = recording.module(frame);
  const line = recording.line(frame);
  if (by === 'thread') return String(thread);
  if (by === 'module') return module;
  if (by === 'file') return line ? recording.file(frame) : `\n${module}`;
  if (by === 'function' || !line) return `${name}\n${recording.flags(frame) & FLAG.python ? recording.moduleKey(frame) : module}`;
  return `${recording.file(frame)}\n${line}`;
}

// "was src/a.cc:80" where a place was elsewhere in the recording compared with.
function whereBefore(recording, by, place) {
  if (by !== 'line' || place.frameBefore === null || !place.entries.length || place.frameBefore === place.frame) return '';
  const before = recording.where(place.frameBefore);
  return before && before !== recording.where(place.frame) ? `was ${before}` : '';
}

// What names a place: an element, and the same as text for searches.
function placeLabel(recording, by, place) {
  const {frame, thread} = place;
  if (by === 'thread') return {main: recording.threads[thread] || `thread ${thread}`, more: ''};
  if (by === 'module') return {main: recording.moduleName(frame) || 'no file', more: ''};
  if (by === 'file') return {main: recording.line(frame) ? shortPath(recording.file(frame), recording.data.working_directory) : recording.moduleName(frame), more: ''};
  if (by === 'function') return {main: recording.name(frame), more: recording.line(frame) ? recording.where(frame).replace(/:\d+$/, '') : recording.moduleName(frame)};
  return recording.line(frame) ? {main: recording.where(frame), more: recording.name(frame)} : {main: recording.name(frame), more: recording.moduleName(frame)};
}

class PlaceTable {
  constructor(holder, recording) {
    Object.assign(this, {holder, recording});
    this.shown = ROWS_AT_ONCE;
    this.open = new Set();
    this.places = new Map();
  }

  // `view`: {by, metric, bytes, blocks (by entry), before or null, accepts(entry), matches(text) or null}.
  show(view) {
    if (this.view && (this.view.by !== view.by || this.view.metric !== view.metric)) {
      this.shown = ROWS_AT_ONCE;
      this.open.clear();
    }
    this.view = view;
    if (!this.places.has(view.by)) this.places.set(view.by, placesBy(this.recording, view.by));
    this.rows = this.places.get(view.by).map((place) => this.summed(place)).filter((row) => row.bytes || row.blocks || row.beforeBytes || row.beforeBlocks);
    const rank = this.rank.bind(this);
    if (view.before) this.rows.sort((a, b) => Math.abs(rank(b) - this.rankBefore(b)) - Math.abs(rank(a) - this.rankBefore(a)));
    else this.rows.sort((a, b) => rank(b) - rank(a) || b.bytes - a.bytes || b.blocks - a.blocks || (a.place.key < b.place.key ? -1 : 1));
    this.total = this.rows.reduce((sum, row) => sum + rank(row), 0);
    if (view.matches) {
      this.rows = this.rows.filter((row) => {
        const label = placeLabel(this.recording, view.by, row.place);
        return view.matches(label.main) || view.matches(label.more) || view.matches(this.recording.module(row.place.frame));
      });
    }
    this.render();
  }

  rank(row) { return METRICS[this.view.metric].blocks ? row.blocks : row.bytes; }
  rankBefore(row) { return METRICS[this.view.metric].blocks ? row.beforeBlocks : row.beforeBytes; }

  summed(place) {
    const {bytes, blocks, before, accepts} = this.view;
    const row = {place, bytes: 0, blocks: 0, beforeBytes: 0, beforeBlocks: 0, largest: place.entries.length ? place.entries[0] : place.beforeEntries[0]};
    let most = -1;
    for (const entry of before ? place.beforeEntries : []) {
      row.beforeBytes += before.bytes[entry];
      row.beforeBlocks += before.blocks[entry];
    }
    for (const entry of place.entries) {
      if (!accepts(entry)) continue;
      row.bytes += bytes[entry];
      row.blocks += blocks[entry];
      const rank = METRICS[this.view.metric].blocks ? blocks[entry] : bytes[entry];
      if (rank > most) {
        most = rank;
        row.largest = entry;
      }
    }
    return row;
  }

  render() {
    const {before, metric} = this.view;
    if (this.rows.length === 0) {
      this.holder.replaceChildren(element('p', {class: 'empty'}, this.view.matches ? 'No place matches the search.' : 'Nothing in this range.'));
      return;
    }
    const counted = METRICS[metric].blocks;
    const head = element('tr', {}, element('th', {class: 'num rank'}, '#'), element('th', {}, 'Place'),
      before ? element('th', {class: 'num wide other'}, 'before') : null,
      element('th', {class: 'num size'}, counted ? 'count' : 'size'),
      before ? element('th', {class: 'num change'}, 'change') : element('th', {class: 'num wide other'}, counted ? 'size' : 'blocks'),
      element('th', {class: 'num wide average'}, 'average'));
    const body = element('tbody');
    this.rows.slice(0, this.shown).forEach((row, i) => body.append(...this.rowElements(row, i)));
    const table = element('table', {}, element('thead', {}, head), body);
    const rest = this.rows.length - this.shown;
    const more = rest > 0 ? element('button', {type: 'button', style: 'margin-top:8px', onclick: () => { this.shown += 50; this.render(); }}, `${countText(rest)} more`) : null;
    this.holder.replaceChildren(table, ...(more ? [more] : []));
  }

  rowElements(row, i) {
    const {by, metric, before} = this.view;
    const counted = METRICS[metric].blocks;
    const label = placeLabel(this.recording, by, row.place);
    const source = by === 'line' ? this.recording.sourceLine(row.place.frame).trim() : '';
    const change = this.rank(row) - this.rankBefore(row);
    const text = counted ? countText : sizeText;
    const word = before && !this.rankBefore(row) ? ' new' : before && !this.rank(row) ? ' gone' : '';
    const was = before ? whereBefore(this.recording, by, row.place) : '';
    const share = element('div', {class: 'share'}, element('i', {style: `width:${this.total > 0 ? 100 * this.rank(row) / this.total : 0}%`}));
    const isOpen = this.open.has(row.place.key);
    const line = element('tr', {class: 'row', tabindex: '0', 'aria-expanded': String(isOpen), 'data-bytes': row.bytes, 'data-blocks': row.blocks,
                                'data-before-bytes': row.beforeBytes, 'data-place': `${label.main}`, 'data-line': this.recording.line(row.place.frame), 'data-file': this.recording.file(row.place.frame)},
      element('td', {class: 'num'}, String(i + 1)),
      element('td', {class: 'place'}, element('span', {class: 'where'}, label.main), label.more ? element('span', {class: 'in'}, `  ${label.more}`) : null,
              was ? element('div', {class: 'in'}, was) : null, source ? element('code', {}, source) : null),
      before ? element('td', {class: 'num wide'}, text(this.rankBefore(row))) : null,
      element('td', {class: 'num'}, `${text(this.rank(row))}`, before ? null : element('span', {class: 'in'}, `  ${shareText(this.rank(row), this.total)}`), share),
      before ? element('td', {class: `num ${change > 0 ? 'up' : 'down'}`}, changeText(change, text) + word) : element('td', {class: 'num wide'}, counted ? sizeText(row.bytes) : countText(row.blocks)),
      element('td', {class: 'num wide'}, row.blocks ? sizeText(row.bytes / row.blocks) : ''));
    const toggle = () => {
      if (!this.open.delete(row.place.key)) this.open.add(row.place.key);
      this.render();
    };
    line.addEventListener('click', toggle);
    line.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      toggle();
    });
    return isOpen ? [line, element('tr', {class: 'more-row'}, element('td', {colspan: before ? '6' : '5'}, ...this.details(row)))] : [line];
  }

  details(row) {
    const parts = [];
    const around = this.recording.sourceAround(row.place.frame);
    if (around.length > 1) parts.push(sourceElement(this.recording, row.place.frame, around));
    const threads = new Map();
    for (const entry of row.place.entries) {
      const value = METRICS[this.view.metric].blocks ? this.view.blocks[entry] : this.view.bytes[entry];
      if (this.view.accepts(entry) && value) threads.set(this.recording.entryThread[entry], (threads.get(this.recording.entryThread[entry]) || 0) + value);
    }
    if (threads.size > 1) {
      const list = [...threads].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([thread, value]) => `${this.recording.threads[thread] || thread} ${shareText(value, this.rank(row))}`);
      parts.push(element('h3', {}, 'Threads'), element('div', {}, list.join(' · ')));
    }
    const stacks = new Set((row.place.entries.length ? row.place.entries : row.place.beforeEntries).map((entry) => this.recording.entryNode[entry])).size;
    parts.push(element('h3', {}, stacks > 1 ? `The largest of ${countText(stacks)} stacks` : 'Stack'), stackElement(this.recording, row.largest));
    return parts;
  }
}

// From the charged frame outward; what it called to get the memory is left out.
function stackElement(recording, entry) {
  const stack = recording.stackOf(entry);
  const begin = Math.max(0, stack.indexOf(recording.entryCharged[entry]));
  return element('ol', {class: 'stack'}, ...stack.slice(begin).map((frame) => element('li', {title: recording.fullName(frame)}, recording.name(frame), element('span', {class: 'in'}, `  ${recording.where(frame)}`))));
}

function sourceElement(recording, frame, around) {
  const here = recording.line(frame);
  const lines = around.map(([n, text]) => element('span', {class: n === here ? 'here' : ''}, element('span', {class: 'n'}, String(n)), `${text}\n`));
  return element('pre', {class: 'source'}, ...lines);
}
