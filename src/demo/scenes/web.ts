/** Access logs of three web servers behind one name, as Filebeat ships them: visitors, health checks, a few errors. */
import { visitorAddress, webServers } from '../cast.ts';
import { beat, type Delivery, type Scene, times } from '../delivery.ts';
import type { Random } from '../random.ts';

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
];
const PRODUCTS = ['kettle', 'teapot', 'lantern', 'blanket', 'thermos', 'compass', 'backpack', 'stove'];

export const web: Scene = {
  name: 'web',
  play(minute, busy, random) {
    const played: Delivery[] = [];
    for (const at of times(minute, 560 * busy, random)) played.push(visit(at, random));
    for (const at of times(minute, 12, random))
      played.push(access(at, random, '10.20.0.4', 'GET', '/healthz', 200, 2, 'kube-probe/1.33'));
    // Twice an hour a release makes one of the servers fail for a minute.
    if (minute % 30 === 7)
      for (const at of times(minute, 40, random))
        played.push(
          access(at, random, visitorAddress(random.between(0, 400)), 'POST', '/api/checkout', 502, 552),
        );
    return played;
  },
};

function visit(at: number, random: Random): Delivery {
  const visitor = visitorAddress(Math.min(random.heavy(30, 1.3), 500));
  const page = random.weighted({
    product: 46,
    assets: 22,
    search: 12,
    home: 10,
    checkout: 5,
    login: 4,
    lost: 1,
  });
  const product = random.pick(PRODUCTS);
  switch (page) {
    case 'product':
      return access(
        at,
        random,
        visitor,
        'GET',
        `/products/${product}?ref=${random.between(1, 9)}`,
        200,
        random.heavy(9000),
      );
    case 'assets':
      return access(
        at,
        random,
        visitor,
        'GET',
        `/assets/${product}.webp`,
        random.chance(0.4) ? 304 : 200,
        random.heavy(30_000),
      );
    case 'search':
      return access(at, random, visitor, 'GET', `/search?q=${product}`, 200, random.heavy(5000));
    case 'checkout':
      return access(
        at,
        random,
        visitor,
        'POST',
        '/api/checkout',
        random.chance(0.02) ? 500 : 201,
        random.heavy(700),
      );
    case 'login':
      return access(
        at,
        random,
        visitor,
        'POST',
        '/api/login',
        random.chance(0.12) ? 401 : 200,
        random.heavy(400),
      );
    case 'lost':
      return access(at, random, visitor, 'GET', `/old/${product}.html`, 404, 153);
    case 'home':
      return access(at, random, visitor, 'GET', '/', 200, random.heavy(14_000));
  }
}

/** A line of the combined log format, with what Filebeat says about it. */
export function access(
  at: number,
  random: Random,
  from: string,
  method: string,
  path: string,
  status: number,
  bytes: number,
  agent = random.pick(BROWSERS),
): Delivery {
  const server = random.pick(webServers);
  const message = `${from} - - [${clfTime(at)}] "${method} ${path} HTTP/1.1" ${status} ${bytes} "-" "${agent}"`;
  return beat(
    at,
    'filebeat',
    { name: server.name, ip: [server.ip] },
    { message, log: { file: { path: '/var/log/nginx/access.log' } }, service: { type: 'nginx' } },
  );
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `20/Nov/2026:10:00:00 +0000` */
function clfTime(at: number): string {
  const [date, time] = new Date(at).toISOString().split('T') as [string, string];
  const [year, month, day] = date.split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
