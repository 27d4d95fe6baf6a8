// SPDX-License-Identifier: MIT
// The tree that the flame graph draws: boxes joined by function or by line, from main down or from each place
// up to its callers. Parents have smaller numbers than their children; 0 is the root.

class CallTree {
  constructor(recording, {inverted, byLine}) {
    this.recording = recording;
    this.parent = [0];
    this.frame = [0];  // an example of the box's frames
    this.depth = [0];
    this.children = new Map();  // parent * labels + label → node
    this.numberLabels(byLine);
    this.leaf = new Int32Array(recording.entryNode.length);  // of each entry
    if (inverted) this.addCallers();
    else this.addCalls();
    this.linkChildren();
  }

  numberLabels(byLine) {
    const {frames} = this.recording;
    const numbers = new Map();
    this.label = Int32Array.from(frames.name, (name, frame) => {
      const module = this.recording.moduleKey(frame);
      const key = byLine ? `${name} ${module} ${this.recording.lineKey(frame)}` : `${name} ${module}`;
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return numbers.get(key);
    });
    this.labels = numbers.size;
  }

  child(parent, frame) {
    const key = parent * this.labels + this.label[frame];
    let node = this.children.get(key);
    if (node === undefined) {
      node = this.parent.length;
      this.parent.push(parent);
      this.frame.push(frame);
      this.depth.push(this.depth[parent] + 1);
      this.children.set(key, node);
    }
    return node;
  }

  addCalls() {
    const {nodeParent, nodeFrame, entryNode} = this.recording;
    const place = new Int32Array(nodeParent.length);
    for (let i = 1; i < nodeParent.length; ++i) place[i] = this.child(place[nodeParent[i]], nodeFrame[i]);
    for (let i = 0; i < entryNode.length; ++i) this.leaf[i] = place[entryNode[i]];
  }

  // Each stack from the place that it is charged to, outward.
  addCallers() {
    const {entryNode, entryCharged} = this.recording;
    for (let i = 0; i < entryNode.length; ++i) {
      const stack = this.recording.stackOf(i);
      const begin = Math.max(0, stack.indexOf(entryCharged[i]));
      let node = 0;
      for (let k = begin; k < stack.length; ++k) node = this.child(node, stack[k]);
      this.leaf[i] = node;
    }
  }

  // Children of node n: kids[kidsBegin[n]] … kids[kidsBegin[n + 1] - 1].
  linkChildren() {
    const count = this.parent.length;
    this.kidsBegin = new Int32Array(count + 1);
    for (let i = 1; i < count; ++i) ++this.kidsBegin[this.parent[i] + 1];
    for (let i = 0; i < count; ++i) this.kidsBegin[i + 1] += this.kidsBegin[i];
    const next = this.kidsBegin.slice();
    this.kids = new Int32Array(count - 1);
    for (let i = 1; i < count; ++i) this.kids[next[this.parent[i]]++] = i;
    this.children = null;
  }

  // By node: the sum of `values`, by entry, in it and all below it.
  sum(values) {
    const sums = new Float64Array(this.parent.length);
    for (let i = 0; i < values.length; ++i) sums[this.leaf[i]] += values[i];
    for (let i = sums.length - 1; i > 0; --i) sums[this.parent[i]] += sums[i];
    return sums;
  }

  isBelow(node, ancestor) {
    while (node > ancestor) node = this.parent[node];
    return node === ancestor;
  }
}
