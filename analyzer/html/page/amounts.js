// SPDX-License-Identifier: MIT
// What each entry has of a metric within a range of time, from the rows of births and deaths.
//
//     slices            a … b-1            a range lies between borders a and b
//     allocated         rows born in it
//     not freed         of these, those that die at border b or later
//     peak              rows born before border m that die behind it, m the highest border of the range

const METRICS = {
  peak: {key: '1', name: 'Peak', column: 'peak', blocks: false},
  not_freed: {key: '2', name: 'Not freed', column: 'not_freed', blocks: false},
  total: {key: '3', name: 'Allocated', column: 'total', blocks: false},
  count: {key: '4', name: 'Allocations', column: 'total', blocks: true},
  temporary: {key: '5', name: 'Temporary', column: 'temporary', blocks: true},
};

class Amounts {
  constructor(recording) {
    this.recording = recording;
    this.known = new Map();  // by column and range; the last few
  }

  // The border with the most live bytes from `from` to `to`; the first of equals.
  highestBorder(range) {
    const {bytes} = this.recording.borders;
    let highest = range.from;
    for (let i = range.from; i <= range.to; ++i) if (bytes[i] > bytes[highest]) highest = i;
    return highest;
  }

  // {bytes, blocks} by entry.
  of(metric, range) {
    const column = METRICS[metric].column;
    const key = `${column} ${range.from} ${range.to}`;
    if (!this.known.has(key)) {
      if (this.known.size > 24) this.known.clear();
      this.known.set(key, this.recording.hasTime ? this.summedRows(column, range) : this.given(this.recording.data.amounts, column));
    }
    return this.known.get(key);
  }

  // Of the recording compared with, always as a whole.
  ofBase(metric) {
    const {base} = this.recording;
    return base ? this.given(base.amounts, METRICS[metric].column) : null;
  }

  given(amounts, column) {
    return {bytes: Float64Array.from(amounts[`${column}_bytes`]), blocks: Float64Array.from(amounts[`${column}_blocks`])};
  }

  summedRows(column, {from, to}) {
    const {lives, entryNode} = this.recording;
    const bytes = new Float64Array(entryNode.length);
    const blocks = new Float64Array(entryNode.length);
    const {entry, birth, death} = lives;
    const isTemporary = column === 'temporary';
    const rowBytes = isTemporary ? lives.temporaryBytes : lives.bytes;
    const rowBlocks = isTemporary ? lives.temporaryBlocks : lives.blocks;
    // A row counts if it was born in [first, last) and dies at `until` or later.
    let first = from, last = to, until = 0;
    if (column === 'not_freed') until = to;
    if (column === 'peak') {
      until = this.highestBorder({from, to});
      first = 0;
      last = until;
    }
    for (let i = 0; i < entry.length; ++i) {
      if (birth[i] < first || birth[i] >= last || death[i] < until) continue;
      bytes[entry[i]] += rowBytes[i];
      blocks[entry[i]] += rowBlocks[i];
    }
    return {bytes, blocks};
  }

  // Live bytes of some entries at every border.
  curveOf(entries) {
    const wanted = new Uint8Array(this.recording.entryNode.length);
    for (const entry of entries) wanted[entry] = 1;
    const {lives, slices} = this.recording;
    const change = new Float64Array(slices + 2);
    for (let i = 0; i < lives.entry.length; ++i) {
      if (!wanted[lives.entry[i]]) continue;
      change[lives.birth[i] + 1] += lives.bytes[i];
      change[lives.death[i] + 1] -= lives.bytes[i];
    }
    const curve = new Float64Array(slices + 1);
    for (let i = 0, live = 0; i <= slices; ++i) curve[i] = live += change[i];
    return curve;
  }

  // The first and last border behind births of what is not freed.
  birthsOfNotFreed(entries, range) {
    const wanted = new Set(entries);
    const {lives} = this.recording;
    let first = Infinity, last = -1;
    for (let i = 0; i < lives.entry.length; ++i) {
      if (lives.birth[i] < range.from || lives.birth[i] >= range.to || lives.death[i] < range.to) continue;
      if (!wanted.has(lives.entry[i])) continue;
      first = Math.min(first, lives.birth[i]);
      last = Math.max(last, lives.birth[i]);
    }
    return last < 0 ? null : {first: first + 1, last: last + 1};
  }
}

function sumOf(values) {
  let sum = 0;
  for (let i = 0; i < values.length; ++i) sum += values[i];
  return sum;
}
