/** What runs in a page of Discover to measure it: frames, and how old events are when their row is drawn. */
import type { Page } from 'playwright-core';

export interface Meter {
  /** Milliseconds from `sent=` in an event to the frame that shows its row; one of each event. */
  readonly latencies: readonly number[];
  /** Frames of every second since the start. */
  readonly frames: readonly number[];
  /** Longest time between two frames in milliseconds. */
  readonly longestFrame: number;
}

/** Measures from now on. Looks only at what is drawn, as somebody who sits there would. */
export const startMeter = (page: Page): Promise<void> => page.evaluate(METER);

/** What was measured since the start or the last call. */
export const readMeter = (page: Page): Promise<Meter> => page.evaluate('globalThis.readMeter()');

// Text, because it is evaluated in the page. Rows that are drawn again say nothing new: they are told by their stamp and
// session, and only some thousands of them are remembered.
const METER = `(() => {
  const seen = new Map();
  let latencies = [], frames = [], longestFrame = 0, last = performance.now(), second = last, count = 0, fresh = [];
  const look = () => {
    for (const row of document.querySelectorAll('[role=grid] [role=rowgroup] [role=row]')) {
      const text = row.textContent;
      const at = text.indexOf('sent=');
      if (at < 0) continue;
      const sent = Number(text.slice(at + 5, at + 18));
      const key = text.slice(0, at + 18);
      if (seen.has(key)) continue;
      seen.set(key, 1);
      fresh.push(sent);
      if (seen.size > 5000) for (const old of seen.keys()) { seen.delete(old); if (seen.size <= 4000) break; }
    }
  };
  // What was there before is no arrival.
  look();
  fresh = [];
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  const frame = (now) => {
    if (fresh.length > 0) {
      const shown = Date.now();
      for (const sent of fresh) latencies.push(shown - sent);
      fresh = [];
    }
    count++;
    longestFrame = Math.max(longestFrame, now - last);
    last = now;
    if (now - second >= 1000) {
      frames.push(Math.round(count * 1000 / (now - second)));
      count = 0;
      second = now;
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.readMeter = () => {
    const read = { latencies, frames, longestFrame };
    latencies = [], frames = [], longestFrame = 0;
    return read;
  };
})()`;
