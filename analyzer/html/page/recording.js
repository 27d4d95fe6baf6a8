// SPDX-License-Identifier: MIT
// The page's data, unpacked: see analyzer/html/page_data.h for what its columns mean.

const FLAG = {inlined: 1, plumbing: 2, startCode: 4, program: 8, python: 16};

async function readDocument() {
  const block = byId('data');
  if (block.dataset.encoding !== 'gzip') return JSON.parse(block.textContent);
  const packed = atob(block.textContent.trim());
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; ++i) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

function summedUp(deltas) {
  const values = new Float64Array(deltas.length);
  let last = 0;
  for (let i = 0; i < deltas.length; ++i) values[i] = last += deltas[i];
  return values;
}

class Recording {
  constructor(data) {
    this.data = data;
    this.summary = data.summary;
    this.duration = data.summary.duration_ns;
    this.strings = data.strings;
    this.frames = data.frames;
    this.nodeParent = Int32Array.from(summedUp(data.nodes.parent));
    this.nodeFrame = Int32Array.from(data.nodes.frame);
    this.entryNode = Int32Array.from(summedUp(data.entries.node));
    this.entryThread = Int32Array.from(data.entries.thread);
    this.entryCharged = Int32Array.from(data.entries.charged);
    this.threads = data.threads;
    this.base = data.base || null;
    this.growth = data.growth || null;
    this.hasTime = Boolean(data.lives);
    this.process = data.process ? {t: Array.from(summedUp(data.process.t)), causes: data.process.causes} : null;
    if (this.hasTime) this.unpackLives(data.lives, data.curve, data.resident);
  }

  unpackLives(lives, curve, resident) {
    this.curve = {t: summedUp(curve.t), bytes: curve.bytes, blocks: curve.blocks};
    this.resident = {t: summedUp(resident.t), bytes: resident.bytes};
    this.borders = {t: summedUp(lives.border_t), bytes: lives.border_bytes, blocks: lives.border_blocks};
    this.slices = lives.border_t.length - 1;
    this.lives = {
      entry: Int32Array.from(summedUp(lives.entry)),
      birth: Int32Array.from(lives.birth),
      death: Int32Array.from(lives.age, (age, i) => lives.birth[i] + age),
      bytes: Float64Array.from(lives.bytes),
      blocks: Float64Array.from(lives.blocks),
      temporaryBytes: Float64Array.from(lives.temporary_bytes),
      temporaryBlocks: Float64Array.from(lives.temporary_blocks),
    };
  }

  // What `memtrace leaks` says of the frame's line, over the whole recording: "still growing, …", or nothing.
  growthOf(frame) { return this.growth ? this.strings[this.growth[frame]] : ''; }

  // With a recording to compare with, by entry: whether this recording has blocks of it, and all that the other
  // allocated.
  entriesNow() {
    const has = new Uint8Array(this.entryNode.length);
    if (this.hasTime) for (const entry of this.lives.entry) has[entry] = 1;
    else this.data.amounts.total_blocks.forEach((blocks, entry) => { has[entry] = blocks ? 1 : 0; });
    return has;
  }
  totalBefore() { return {bytes: this.base.amounts.total_bytes, blocks: this.base.amounts.total_blocks}; }

  name(frame) { return this.strings[this.frames.name[frame]]; }
  fullName(frame) { return this.strings[this.frames.full[frame]] || this.name(frame); }
  file(frame) { return this.strings[this.frames.file[frame]]; }
  line(frame) { return this.frames.line[frame]; }
  module(frame) { return this.strings[this.frames.module[frame]]; }
  moduleName(frame) { return this.module(frame).replace(/^.*\//, ''); }
  // What tells modules and lines apart. Where two recordings are compared, the program is itself whatever it is called,
  // libraries are known without their versions, and lines count from where their function begins.
  moduleKey(frame) {
    // Python's functions are told apart by file and first line, as in FunctionIdentity().
    if (this.flags(frame) & FLAG.python) {
      return this.base ? this.file(frame).replace(/^.*\//, '') : `${this.frames.file[frame]} ${this.frames.declared[frame]}`;
    }
    if (!this.base) return this.frames.module[frame];
    return this.flags(frame) & FLAG.program ? ':program' : this.moduleName(frame).replace(/(\.so)[.\d]*$/, '$1');
  }
  lineKey(frame) {
    if (!this.base) return `${this.frames.file[frame]} ${this.line(frame)}`;
    const declared = this.frames.declared[frame];
    return `${this.file(frame).replace(/^.*\//, '')} ${declared ? `+${this.line(frame) - declared}` : this.line(frame)}`;
  }
  flags(frame) { return this.frames.flags[frame]; }
  get hasPython() { return this.frames.flags.some((flags) => flags & FLAG.python); }

  // "src/a.cc:12", or "libpq.so.5".
  where(frame) {
    if (this.line(frame)) return `${shortPath(this.file(frame), this.data.working_directory)}:${this.line(frame)}`;
    return this.moduleName(frame);
  }
  sourceLine(frame) {
    const lines = this.data.sources[this.frames.file[frame]];
    return lines && this.line(frame) ? lines[this.line(frame)] || '' : '';
  }
  // The text around a line, if whole files are in the page: [[number, text], …].
  sourceAround(frame, lines = 12) {
    const texts = this.data.sources[this.frames.file[frame]];
    const line = this.line(frame);
    if (!texts || !line) return [];
    const around = [];
    for (let n = Math.max(1, line - lines); n <= line + lines; ++n) if (n in texts) around.push([n, texts[n]]);
    return around;
  }
  // Frames of an entry's stack, innermost first.
  stackOf(entry) {
    const stack = [];
    for (let node = this.entryNode[entry]; node !== 0; node = this.nodeParent[node]) stack.push(this.nodeFrame[node]);
    return stack;
  }
}
