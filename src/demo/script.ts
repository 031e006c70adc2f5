/** What is played when: a function of the seed and the minute, so that a demo is the same tomorrow. */
import { type Delivery, MINUTE, type Scene } from './delivery.ts';
import { Random } from './random.ts';
import { attacks } from './scenes/attacks.ts';
import { endpoints } from './scenes/endpoints.ts';
import { logins } from './scenes/logins.ts';
import { firewall, flows, names } from './scenes/network.ts';
import { web } from './scenes/web.ts';
import { webhooks } from './scenes/webhooks.ts';

const scenes: readonly Scene[] = [web, firewall, names, flows, logins, endpoints, webhooks, attacks];

/** All messages of a minute since the epoch, in the order of time. */
export function minuteOf(minute: number, seed: number): Delivery[] {
  const busy = busyness(minute, seed);
  return scenes
    .flatMap((scene) => scene.play(minute, busy, new Random(seed, minute, scene.name)))
    .sort((a, b) => a.at - b.at);
}

/** Between 0.5 at night and 1.2 when everybody is there, with ups and downs. Office hours are those of this machine. */
function busyness(minute: number, seed: number): number {
  const time = new Date(minute * MINUTE);
  const hour = time.getHours() + time.getMinutes() / 60;
  const day = Math.max(0, Math.sin(((hour - 6) / 14) * Math.PI)) * ([0, 6].includes(time.getDay()) ? 0.4 : 1);
  const level = (slot: number): number => new Random(seed, slot, 'level').next();
  // From one quarter of an hour to the next, without steps.
  const slot = Math.floor(minute / 15);
  const within = (minute % 15) / 15;
  const drift = level(slot) * (1 - within) + level(slot + 1) * within;
  return 0.5 + 0.5 * day + 0.25 * drift;
}
