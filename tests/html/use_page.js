// SPDX-License-Identifier: MIT
// Uses a page as a person does, with mouse and keys, and prints as JSON what it showed:
//     node use_page.js CHROMIUM PAGE.html [FOLDER for pictures]
'use strict';
const {Browser} = require('./browser.js');

// What the document says, read from it and not from the page's variables.
const kRead = `(() => {
  const cards = {};
  for (const card of document.querySelectorAll('.card')) cards[card.dataset.metric] = {bytes: +card.dataset.bytes, blocks: +card.dataset.blocks, chosen: card.getAttribute('aria-checked') === 'true'};
  const rows = [...document.querySelectorAll('#table tr.row')].map((row) => ({place: row.dataset.place, file: row.dataset.file, line: +row.dataset.line, bytes: +row.dataset.bytes, blocks: +row.dataset.blocks, before_bytes: +row.dataset.beforeBytes, text: row.innerText}));
  const leaks = [...document.querySelectorAll('.leak')].map((leak) => ({bytes: +leak.dataset.bytes, blocks: +leak.dataset.blocks, text: leak.innerText, growth: leak.querySelector('[data-growth]') ? leak.querySelector('[data-growth]').dataset.growth : ''}));
  const range = document.getElementById('range-text').dataset;
  return {cards, rows, leaks, from_ns: +range.fromNs, to_ns: +range.toNs, flame: +document.getElementById('flame-detail').dataset.value,
          flame_text: document.getElementById('flame-detail').innerText, path: document.getElementById('path').innerText, range_text: document.getElementById('range-text').innerText,
          search: document.getElementById('search-result').innerText, search_value: +document.getElementById('search-result').dataset.value, title: document.getElementById('table-title').innerText};
})()`;

async function boxOf(browser, selector) {
  return browser.value(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    element.scrollIntoView({block: 'center'});
    const {left, top, width, height} = element.getBoundingClientRect();
    return {left, top, width, height};
  })()`);
}

async function dragRange(browser, from, to) {
  const {left, top, width, height} = await boxOf(browser, '#timeline .u-over');
  await browser.drag(left + width * from, top + height / 2, left + width * to, top + height / 2);
  return browser.value(kRead);
}

// Clicks the box in the middle of the graph's row.
async function clickFlame(browser, row, share) {
  const {left, top, width} = await boxOf(browser, '#flame-canvas');
  await browser.click(left + width * share, top + 20 * row + 9);
  return browser.value(kRead);
}

async function choose(browser, id, value) {
  await browser.value(`(() => { const e = document.getElementById('${id}'); if (e.type === 'checkbox') e.checked = ${JSON.stringify(value)}; else e.value = ${JSON.stringify(value)}; e.dispatchEvent(new Event('change')); })()`);
  await browser.settled();
  return browser.value(kRead);
}

async function use(browser, url, pictures) {
  const seen = {};
  await browser.open(url);
  seen.state = await browser.value('document.body.dataset.state');
  if (seen.state !== 'ready') return seen;
  await browser.settled();
  seen.start = await browser.value(kRead);
  if (pictures) await browser.screenshot(`${pictures}/light.png`);

  seen.metrics = {};
  for (const [key, metric] of [['1', 'peak'], ['2', 'not_freed'], ['3', 'total'], ['4', 'count'], ['5', 'temporary']]) {
    await browser.key(key, {code: `Digit${key}`});
    seen.metrics[metric] = await browser.value(kRead);
  }
  await browser.key('1', {code: 'Digit1'});

  seen.ranges = [];
  if (await browser.value("!document.getElementById('time-section').hidden")) {
    for (const [from, to] of [[0.2, 0.65], [0.55, 0.8], [0.05, 0.4]]) seen.ranges.push(await dragRange(browser, from, to));
    await browser.key('ArrowRight');
    seen.ranges.push(await browser.value(kRead));
    await browser.key('ArrowRight', {shift: true});
    seen.ranges.push(await browser.value(kRead));
    const edge = await boxOf(browser, '#timeline .range-edge[data-edge="to"]');
    await browser.drag(edge.left + 5, edge.top + 20, edge.left + 200, edge.top + 20);
    seen.ranges.push(await browser.value(kRead));
    for (const range of seen.ranges) range.peak_ns = 0;
    for (let i = 0; i < seen.ranges.length; ++i) {
      // The moment that "Peak" is about, found again by its range.
      seen.ranges[i].peak_ns = await browser.value(`(() => {
        const {t, bytes} = page.recording.borders;
        let best = -1;
        for (let b = 0; b < t.length; ++b) if (t[b] >= ${seen.ranges[i].from_ns} && t[b] <= ${seen.ranges[i].to_ns} && (best < 0 || bytes[b] > bytes[best])) best = b;
        return t[best];
      })()`);
    }
    if (pictures) await browser.screenshot(`${pictures}/range.png`);
    await browser.key('Escape');
    seen.reset = await browser.value(kRead);
  }

  seen.zoomed = await clickFlame(browser, 2, 0.1);
  seen.address = await browser.value('location.hash');
  await browser.key('Escape');
  seen.unzoomed = await browser.value(kRead);

  await browser.key('/', {code: 'Slash'});
  await browser.type('keep');
  seen.searched = await browser.value(kRead);
  if (pictures) await browser.screenshot(`${pictures}/search.png`);
  await browser.key('Escape');
  seen.unsearched = await browser.value(kRead);

  await browser.value('document.activeElement.blur()');
  await browser.key('i', {code: 'KeyI'});
  seen.inverted = await browser.value(kRead);
  seen.inverted_first = await browser.value('(() => { const {flame} = page; const b = flame.boxes.filter((x) => x.row === 1).sort((a, c) => c.width - a.width)[0]; return {name: flame.nameOf(b.node), value: flame.values[b.node]}; })()');
  await browser.key('i', {code: 'KeyI'});

  seen.threads = {};
  for (const option of await browser.value("[...document.getElementById('thread').options].map((o) => [o.value, o.text])")) {
    seen.threads[option[1]] = await choose(browser, 'thread', option[0]);
  }
  await choose(browser, 'thread', '-1');
  seen.by = {};
  for (const by of ['function', 'file', 'module', 'thread', 'line']) seen.by[by] = await choose(browser, 'table-by', by);

  await browser.value("document.querySelector('#table tr.row').click()");
  seen.opened = await browser.value("document.querySelector('#table .more-row').innerText");

  const before = await browser.value('document.documentElement.dataset.theme');
  await browser.key('t', {code: 'KeyT'});
  seen.themes = [before, await browser.value('document.documentElement.dataset.theme')];
  if (pictures) await browser.screenshot(`${pictures}/dark.png`);
  seen.wider_than_window = [];
  for (const width of [1280, 400, 320]) {
    await browser.open(url, {width, height: 900, dark: width < 1280});
    await browser.settled();
    seen.wider_than_window.push(await browser.value('document.documentElement.scrollWidth > window.innerWidth'));
    if (pictures) await browser.screenshot(`${pictures}/width${width}.png`);
  }
  return seen;
}

(async () => {
  const [executable, file, pictures] = process.argv.slice(2);
  const browser = await Browser.start(executable);
  try {
    const seen = await use(browser, `file://${file}`, pictures);
    seen.problems = browser.problems;
    seen.requests = browser.requests.filter((url) => !url.startsWith('file://') && !url.startsWith('about:') && !url.startsWith('data:'));
    console.log(JSON.stringify(seen));
  } finally {
    await browser.stop();
  }
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
