// SPDX-License-Identifier: MIT
// Loads a file into valgrind's own dh_view.js, on a page that is not there, and prints what its root says:
//     node dh_view_totals.js /usr/libexec/valgrind/dh_view.js app.dhat.json
'use strict';
const fs = require('fs');
const vm = require('vm');

// An element that takes everything and shows nothing.
class Element {
  constructor(tag) {
    Object.assign(this, {tag, childNodes: [], style: {}, selectedIndex: 0, textContent: ''});
    this.classList = {add() {}, toggle() {}, contains: () => true};
  }
  appendChild(child) {
    this.childNodes.push(child);
    child.parentNode = this;
    return child;
  }
  removeChild(child) {
    this.childNodes = this.childNodes.filter((other) => other !== child);
  }
  replaceChild(child, old) {
    this.childNodes[this.childNodes.indexOf(old)] = child;
    child.parentNode = this;
  }
  cloneNode() { return new Element(this.tag); }
  get firstChild() { return this.childNodes[0] || null; }
  get lastChild() { return this.childNodes[this.childNodes.length - 1] || null; }
  get text() { return this.textContent + this.childNodes.map((child) => child.text || '').join(''); }
}

const document = {
  title: '',
  body: new Element('body'),
  location: {search: ''},
  createElement: (tag) => new Element(tag),
  createTextNode: (text) => Object.assign(new Element('#text'), {textContent: text}),
};
const context = vm.createContext({document, window: {}, performance, URLSearchParams, console});
const [viewer, file] = process.argv.slice(2);
vm.runInContext(fs.readFileSync(viewer, 'utf8'), context, {filename: viewer});
context.dataText = fs.readFileSync(file, 'utf8');
// The page's own steps: set up, read, build the tree, show it.
const root = vm.runInContext(
    'onLoad(); gData = JSON.parse(dataText); buildTree(); displayTree(0, 0, 0); gRoot', context);
const shown = document.body.text;
if (!shown.includes('AP 1') && !shown.includes('PP 1')) throw new Error('the viewer shows no tree');
console.log(JSON.stringify({
  total: {bytes: root._totalBytes, blocks: root._totalBlocks},
  peak: {bytes: root._atTGmaxBytes, blocks: root._atTGmaxBlocks},
  not_freed: {bytes: root._atTEndBytes, blocks: root._atTEndBlocks},
  lifetimes_us: root._totalLifetimes,
}));
