/** Firewall and name server as syslog, and flows as Packetbeat counts them. */
import { desktops, type Host, servers, visitorAddress, webServers } from '../cast.ts';
import { beat, type Delivery, type Scene, syslog, times } from '../delivery.ts';
import type { Random } from '../random.ts';

const SITES = [
  'www.northwind.example',
  'mail.northwind.example',
  'updates.os-vendor.example',
  'cdn.fonts.example',
  'login.cloud-suite.example',
  'api.payments.example',
  'news.daily.example',
  'video.meet.example',
  'telemetry.browser.example',
  'repo.packages.example',
];
/** Where those sites are. */
const siteAddress = (name: string): string => `192.0.2.${100 + SITES.indexOf(name)}`;

export const firewall: Scene = {
  name: 'firewall',
  play: (minute, busy, random) =>
    [...times(minute, 380 * busy, random)].map((at) => {
      if (random.chance(0.07))
        return packet(
          at,
          random,
          'deny',
          visitorAddress(random.between(0, 900)),
          servers.firewall.ip,
          random.pick([22, 23, 445, 3389, 5060, 8080]),
        );
      if (random.chance(0.5))
        return packet(
          at,
          random,
          'allow',
          visitorAddress(random.between(0, 500)),
          random.pick(webServers).ip,
          443,
        );
      return packet(
        at,
        random,
        'allow',
        random.pick(desktops).ip,
        siteAddress(random.pick(SITES)),
        random.chance(0.8) ? 443 : 80,
      );
    }),
};

/** A line as firewalls write them: key=value. */
export function packet(
  at: number,
  random: Random,
  action: 'allow' | 'deny',
  from: string,
  to: string,
  port: number,
): Delivery {
  const bytes = action === 'deny' ? random.between(40, 60) : random.heavy(6000);
  const rule = action === 'deny' ? 'default-deny' : port === 443 ? 'https' : 'standard';
  const protocol = port === 5060 ? 'udp' : 'tcp';
  const message = `action=${action} rule="${rule}" proto=${protocol} src=${from} spt=${random.between(1024, 65_535)} dst=${to} dpt=${port} bytes=${bytes} in=${from.startsWith('10.') ? 'lan' : 'wan'}`;
  return syslog(at, servers.firewall.name, 'filterlog', message, {
    facility: 16,
    severity: action === 'deny' ? 4 : 6,
    by: 'datagram',
  });
}

export const names: Scene = {
  name: 'names',
  play: (minute, busy, random) =>
    [...times(minute, 300 * busy, random)].map((at) =>
      question(at, random, random.pick(desktops), random.pick(SITES), random.chance(0.75) ? 'A' : 'AAAA'),
    ),
};

/** A query as BIND logs it. */
export function question(at: number, random: Random, client: Host, name: string, type: string): Delivery {
  const message = `client @0x7f${random.text(10, '0123456789abcdef')} ${client.ip}#${random.between(1024, 65_535)} (${name}): query: ${name} IN ${type} + (${servers.dns.ip})`;
  return syslog(at, servers.dns.name, 'named', message, { pid: 612, facility: 3 });
}

export const flows: Scene = {
  name: 'flows',
  play(minute, busy, random) {
    const played: Delivery[] = [];
    for (const at of times(minute, 420 * busy, random)) {
      const desktop = random.pick(desktops);
      const inner = random.weighted({ files: 3, web: 12, directory: 3, database: 4 });
      if (inner === 'database')
        played.push(flow(at, random, random.pick(webServers), servers.database.ip, 5432, random.heavy(1500)));
      else if (inner === 'files')
        played.push(flow(at, random, desktop, servers.backup.ip, 445, random.heavy(20_000)));
      else if (inner === 'directory')
        played.push(flow(at, random, desktop, servers.domain.ip, 389, random.heavy(1200)));
      else played.push(flow(at, random, desktop, siteAddress(random.pick(SITES)), 443, random.heavy(4000)));
    }
    // The nightly copy: few and large.
    if (new Date(minute * 60_000).getHours() === 2)
      for (const at of times(minute, 6, random))
        played.push(
          flow(at, random, servers.database, servers.backup.ip, 873, random.heavy(90_000_000, 0.4)),
        );
    return played;
  },
};

/** A connection that has ended; `sent` bytes went out. */
export function flow(
  at: number,
  random: Random,
  from: Host,
  to: string,
  port: number,
  sent: number,
): Delivery {
  const received = random.heavy(sent * 3);
  const millis = random.heavy(800);
  return beat(
    at,
    'packetbeat',
    { name: from.name, ip: [from.ip] },
    {
      event: { kind: 'event', category: ['network'], action: 'network_flow', duration: millis * 1_000_000 },
      network: {
        transport: 'tcp',
        bytes: sent + received,
        packets: Math.ceil((sent + received) / 1200),
        direction: to.startsWith('10.') ? 'internal' : 'outbound',
      },
      source: { ip: from.ip, port: random.between(1024, 65_535), bytes: sent },
      destination: { ip: to, port, bytes: received },
    },
  );
}
