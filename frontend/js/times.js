// <time datetime="…Z" data-time="relative|datetime|date|time|day|age|left"> in the viewer's own zone and language.
import { fill, word } from "./words.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [["year", 365 * DAY], ["month", 30 * DAY], ["week", 7 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE]];

// [-5, "minute"] for a moment five minutes ago; null within the last minute.
export function distance(moment, now) {
  const seconds = Math.round((moment - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? [Math.trunc(seconds / size), unit] : null;
}

const language = () => document.documentElement.lang || "en";
const format = (options) => new Intl.DateTimeFormat(language(), options);
const midnight = (moment) => new Date(moment).setHours(0, 0, 0, 0);

function day(moment, now) {
  const days = Math.round((midnight(now) - midnight(moment)) / (DAY * 1000));
  if (days === 0) return word("today");
  if (days === 1) return word("yesterday");
  return format({ weekday: "short", day: "numeric", month: "short", year: moment.getFullYear() === now.getFullYear() ? undefined : "numeric" }).format(moment);
}

function relative(moment, now) {
  const apart = distance(moment, now);
  if (!apart) return word("justNow");
  return new Intl.RelativeTimeFormat(language(), { style: "narrow", numeric: "auto" }).format(...apart);
}

function age(moment, now) {
  const days = Math.trunc((now - moment) / (DAY * 1000));
  const [count, unit] = days >= 1 ? [days, "day"] : (distance(moment, now) ?? [0, "minute"]); // "34d": "1m" would be a minute
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "narrow" }).format(Math.abs(count));
}

// "23h left", until a moment to come; "closed" is for the page to say.
function left(moment, now) {
  return fill(word("left"), { time: age(now, moment) });
}

const STYLES = {
  relative,
  age,
  left,
  day,
  datetime: (moment) => format({ dateStyle: "medium", timeStyle: "short" }).format(moment),
  date: (moment) => format({ dateStyle: "medium" }).format(moment),
  time: (moment) => format({ timeStyle: "short" }).format(moment),
};

function show(element, now) {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  element.textContent = (STYLES[element.dataset.time] ?? STYLES.datetime)(moment, now);
  if (!element.title) element.title = format({ dateStyle: "full", timeStyle: "short" }).format(moment);
}

function showAll(root) {
  const now = new Date();
  for (const element of root.querySelectorAll?.("time[data-time]") ?? []) show(element, now);
}

if (typeof document !== "undefined") {
  showAll(document);
  document.addEventListener("htmx:load", (event) => showAll(event.target));
  setInterval(() => document.hidden || showAll(document), 60_000);
}
