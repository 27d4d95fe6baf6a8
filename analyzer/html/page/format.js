// SPDX-License-Identifier: MIT
// Numbers as the command line prints them, and small helpers for the document. Text goes in as text, never as
// markup: names of functions may be anything.

// KiB, kB (--si) or all digits (--bytes), as the command that wrote the page was told.
const SIZE_UNITS = {
  binary: {step: 1024, names: ['B', 'KiB', 'MiB', 'GiB', 'TiB'], axis: 76},
  decimal: {step: 1000, names: ['B', 'kB', 'MB', 'GB', 'TB'], axis: 76},
  bytes: {step: 1000, names: ['B'], axis: 112},
};
let sizeUnits = SIZE_UNITS.binary;
const useSizeUnits = (name) => { sizeUnits = SIZE_UNITS[name] || SIZE_UNITS.binary; };

// As tracemalloc: a value stays in its unit below ten of the next one; one decimal below 100, never for bytes.
function sizeText(bytes) {
  const {step, names} = sizeUnits;
  if (names.length === 1) return `${countText(bytes)} B`;
  let value = bytes;
  for (const unit of names) {
    if (Math.abs(value) < 100 && unit !== names[0]) return `${value.toFixed(1)} ${unit}`;
    if (Math.abs(value) < 10 * step || unit === names[names.length - 1]) return `${value.toFixed(0)} ${unit}`;
    value /= step;
  }
  return '';
}
// "12.3 MiB (12,897,484 B)".
const exactSizeText = (bytes) => sizeUnits.names.length === 1 ? sizeText(bytes) : `${sizeText(bytes)} (${countText(bytes)} B)`;
const countText = (count) => Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ',');
const changeText = (change, text) => (change < 0 ? '−' : '+') + text(Math.abs(change));
const shareText = (part, whole) => (whole > 0 ? (100 * part / whole).toFixed(1) : '0.0') + '%';
const plural = (count, one, many) => `${countText(count)} ${count === 1 ? one : many}`;

// "00:07.41"; finer where the whole recording is short.
function timeText(ns, durationNs) {
  const digits = durationNs < 1e8 ? 5 : durationNs < 1e10 ? 3 : 2;
  const seconds = ns / 1e9;
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(digits).padStart(3 + digits, '0');
  if (minutes < 60) return `${String(minutes).padStart(2, '0')}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

// element('p', {class: 'detail', onclick: …}, 'text', child, …)
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);

// "src/a.cc" for what lies below the folder the program ran in or is the same for all files; else the last three parts.
function shortPath(path, folder) {
  if (folder && path.startsWith(folder + '/')) return path.slice(folder.length + 1);
  const parts = path.split('/');
  return parts.length <= 4 ? path : parts.slice(-3).join('/');
}

function hashOf(text) {
  let hash = 2166136261;
  for (let i = 0; i < text.length; ++i) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

function cssColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
