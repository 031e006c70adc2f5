/** Programs that start: on desktops as Winlogbeat tells of Sysmon, on servers as Auditbeat sees them. */
import { type Desktop, desktops, type Host, linuxHosts } from '../cast.ts';
import { beat, type Delivery, type Scene, times } from '../delivery.ts';
import type { Random } from '../random.ts';

const PROGRAMS = 'C:\\Program Files';
/** Parent, name and command line. */
type Program = readonly [string, string, string];
const WINDOWS: readonly Program[] = [
  ['explorer.exe', 'chrome.exe', `${PROGRAMS}\\Google\\Chrome\\Application\\chrome.exe --type=renderer`],
  ['explorer.exe', 'OUTLOOK.EXE', `${PROGRAMS}\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE`],
  [
    'OUTLOOK.EXE',
    'WINWORD.EXE',
    `${PROGRAMS}\\Microsoft Office\\root\\Office16\\WINWORD.EXE /n "Minutes.docx"`,
  ],
  ['svchost.exe', 'taskhostw.exe', 'taskhostw.exe KEYROAMING'],
  ['services.exe', 'svchost.exe', 'C:\\Windows\\System32\\svchost.exe -k netsvcs -p'],
  ['explorer.exe', 'Teams.exe', `${PROGRAMS}\\WindowsApps\\Teams.exe`],
];
const LINUX: readonly Program[] = [
  ['bash', 'ls', 'ls -la'],
  ['sshd', 'bash', '-bash'],
  ['cron', 'sh', 'sh -c /usr/local/bin/check-disk'],
  ['systemd', 'logrotate', '/usr/sbin/logrotate /etc/logrotate.conf'],
  ['bash', 'systemctl', 'systemctl status nginx'],
  ['php-fpm8.4', 'convert', 'convert upload.png -resize 800x upload.webp'],
];

export const endpoints: Scene = {
  name: 'endpoints',
  play(minute, busy, random) {
    const played: Delivery[] = [];
    for (const at of times(minute, 110 * busy, random))
      played.push(windowsProcess(at, random, random.pick(desktops), ...random.pick(WINDOWS)));
    for (const at of times(minute, 60 * busy, random))
      played.push(linuxProcess(at, random, random.pick(linuxHosts), 'root', ...random.pick(LINUX)));
    return played;
  },
};

export function windowsProcess(
  at: number,
  random: Random,
  desktop: Desktop,
  parent: string,
  name: string,
  command: string,
): Delivery {
  return beat(
    at,
    'winlogbeat',
    { name: desktop.name, ip: [desktop.ip], os: { family: 'windows' } },
    {
      event: {
        code: '1',
        kind: 'event',
        category: ['process'],
        action: 'start',
        provider: 'Microsoft-Windows-Sysmon',
      },
      message: `Process Create: ${name}`,
      user: { name: desktop.user, domain: 'NORTHWIND' },
      process: {
        name,
        pid: random.between(1000, 30_000),
        command_line: command,
        parent: { name: parent, pid: random.between(400, 9000) },
        hash: { sha256: random.text(64, '0123456789abcdef') },
      },
      winlog: {
        channel: 'Microsoft-Windows-Sysmon/Operational',
        record_id: random.between(100_000, 9_999_999),
      },
    },
  );
}

export function linuxProcess(
  at: number,
  random: Random,
  host: Host,
  user: string,
  parent: string,
  name: string,
  command: string,
): Delivery {
  return beat(
    at,
    'auditbeat',
    { name: host.name, ip: [host.ip], os: { family: 'debian' } },
    {
      event: {
        module: 'system',
        dataset: 'process',
        kind: 'event',
        category: ['process'],
        action: 'process_started',
      },
      message: `Process ${name} started by user ${user}`,
      user: { name: user },
      process: {
        name,
        pid: random.between(1000, 60_000),
        command_line: command,
        parent: { name: parent, pid: random.between(1, 60_000) },
      },
    },
  );
}

/** What the protection of an endpoint reports. */
export function endpointAlert(
  at: number,
  desktop: Desktop,
  rule: string,
  severity: number,
  process: object,
): Delivery {
  return beat(
    at,
    'winlogbeat',
    { name: desktop.name, ip: [desktop.ip], os: { family: 'windows' } },
    {
      event: {
        kind: 'alert',
        category: ['malware'],
        action: 'detected',
        severity,
        provider: 'Endpoint Protection',
      },
      rule: { name: rule },
      message: `${rule} on ${desktop.name}`,
      user: { name: desktop.user, domain: 'NORTHWIND' },
      process,
    },
  );
}
