// SPDX-License-Identifier: MIT
// A headless Chromium, spoken to through a pipe by its DevTools protocol. Nothing of npm is needed.
'use strict';
const {spawn} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

class Browser {
  static async start(executable) {
    const browser = new Browser();
    browser.profile = fs.mkdtempSync(path.join(os.tmpdir(), 'memtrace-page-'));
    browser.process = spawn(executable, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions',
      '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe', `--user-data-dir=${browser.profile}`,
    ], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: {...process.env, LD_PRELOAD: ''},
        detached: true});  // a process group of its own
    browser.waiting = new Map();
    browser.problems = [];   // exceptions and complaints of the page
    browser.requests = [];   // whatever the page asked the network for
    browser.lastId = 0;
    browser.listen();
    const {targetId} = await browser.call('Target.createTarget', {url: 'about:blank'});
    browser.session = (await browser.call('Target.attachToTarget', {targetId, flatten: true})).sessionId;
    for (const domain of ['Runtime', 'Log', 'Page', 'Network']) await browser.call(`${domain}.enable`);
    return browser;
  }

  listen() {
    let text = '';
    this.process.stdio[4].on('data', (data) => {
      text += data;
      for (let end = text.indexOf('\0'); end >= 0; end = text.indexOf('\0')) {
        this.take(JSON.parse(text.slice(0, end)));
        text = text.slice(end + 1);
      }
    });
  }

  take(message) {
    if (message.id) {
      const {resolve, reject} = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.error) reject(new Error(JSON.stringify(message.error)));
      else resolve(message.result);
    } else if (message.method === 'Runtime.exceptionThrown') {
      this.problems.push(JSON.stringify(message.params.exceptionDetails).slice(0, 500));
    } else if (message.method === 'Log.entryAdded') {
      this.problems.push(message.params.entry.text);
    } else if (message.method === 'Network.requestWillBeSent') {
      this.requests.push(message.params.request.url);
    }
  }

  call(method, params = {}) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, {resolve, reject});
      this.process.stdio[3].write(JSON.stringify({id, method, params, sessionId: this.session}) + '\0');
    });
  }

  async open(url, {width = 1280, height = 1000, dark = false} = {}) {
    await this.call('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile: false});
    await this.call('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}]});
    await this.call('Page.navigate', {url});
    await this.until("document.body && document.body.dataset.state");
  }

  async value(expression) {
    const {result, exceptionDetails} = await this.call('Runtime.evaluate', {expression, awaitPromise: true, returnByValue: true});
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails).slice(0, 500));
    return result.value;
  }

  async until(expression) {
    for (let i = 0; i < 600; ++i) {
      const value = await this.value(expression);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`never true: ${expression}`);
  }

  // The page draws in animation frames: two later it is done.
  settled() { return this.value('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'); }

  async mouse(type, x, y, buttons) {
    await this.call('Input.dispatchMouseEvent', {type, x, y, button: buttons || type === 'mouseReleased' ? 'left' : 'none', buttons, clickCount: 1});
  }
  async click(x, y) {
    await this.mouse('mouseMoved', x, y, 0);
    await this.mouse('mousePressed', x, y, 1);
    await this.mouse('mouseReleased', x, y, 0);
    await this.settled();
  }
  async drag(x, y, toX, toY) {
    await this.mouse('mouseMoved', x, y, 0);
    await this.mouse('mousePressed', x, y, 1);
    for (let i = 1; i <= 4; ++i) await this.mouse('mouseMoved', x + (toX - x) * i / 4, y + (toY - y) * i / 4, 1);
    await this.mouse('mouseReleased', toX, toY, 0);
    await this.settled();
  }
  async key(key, {code = '', text = '', shift = false} = {}) {
    const event = {key, code: code || key, text: text || (key.length === 1 ? key : ''), modifiers: shift ? 8 : 0};
    await this.call('Input.dispatchKeyEvent', {type: 'keyDown', ...event});
    await this.call('Input.dispatchKeyEvent', {type: 'keyUp', ...event, text: ''});
    await this.settled();
  }
  async type(text) {
    await this.call('Input.insertText', {text});
    await this.settled();
  }
  async screenshot(file) {
    const {data} = await this.call('Page.captureScreenshot', {format: 'png'});
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }
  async stop() {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    process.kill(-this.process.pid, 'SIGKILL');  // with its children, which would go on writing into the profile
    await gone;
    fs.rmSync(this.profile, {recursive: true, force: true, maxRetries: 50, retryDelay: 100});
  }
}

module.exports = {Browser};
