/** People and machines that sign in, over SSH and at the Windows domain, and what they do as root. */
import { administrators, desktops, type Host, linuxHosts, servers } from '../cast.ts';
import { beat, type Delivery, type Scene, syslog, times } from '../delivery.ts';
import type { Random } from '../random.ts';

const AUTH = 10;

export const logins: Scene = {
  name: 'logins',
  play(minute, busy, random) {
    const played: Delivery[] = [];
    for (const at of times(minute, 14 * busy, random)) {
      const host = random.pick(linuxHosts);
      const user = random.pick(administrators);
      const from = random.pick(desktops).ip;
      const pid = random.between(2000, 60_000);
      if (random.chance(0.08)) played.push(ssh(at, random, host, 'Failed password', user, from, pid));
      played.push(ssh(at + 900, random, host, 'Accepted publickey', user, from, pid));
      played.push(
        syslog(
          at + 950,
          host.name,
          'sshd',
          `pam_unix(sshd:session): session opened for user ${user}(uid=1000) by (uid=0)`,
          { pid, facility: AUTH },
        ),
      );
      if (random.chance(0.5)) played.push(sudo(at + 4000, host, user, random.pick(COMMANDS)));
    }
    for (const at of times(minute, 40 * busy, random)) {
      const desktop = random.pick(desktops);
      const failed = random.chance(0.05);
      played.push(domainLogin(at, random, desktop.user, desktop, failed));
    }
    for (const at of times(minute, 20, random)) {
      const host = random.pick(linuxHosts);
      played.push(
        syslog(at, host.name, 'CRON', `(root) CMD (${random.pick(JOBS)})`, {
          pid: random.between(2000, 60_000),
          facility: 9,
        }),
      );
    }
    for (const at of times(minute, 8, random)) {
      const host = random.pick(linuxHosts);
      const unit = random.pick(['logrotate', 'apt-daily', 'fstrim', 'man-db', 'certbot']);
      played.push(syslog(at, host.name, 'systemd', `${unit}.service: Deactivated successfully.`, { pid: 1 }));
    }
    return played;
  },
};

const COMMANDS = [
  '/usr/bin/systemctl restart nginx',
  '/usr/bin/journalctl -u nginx --since today',
  '/usr/bin/apt-get update',
  '/usr/bin/tail -n 100 /var/log/auth.log',
];
const JOBS = ['/usr/local/bin/check-disk', '/usr/lib/sysstat/sa1 1 1', 'run-parts /etc/cron.hourly'];

export function ssh(
  at: number,
  random: Random,
  host: Host,
  what: 'Accepted publickey' | 'Accepted password' | 'Failed password' | 'Failed password for invalid user',
  user: string,
  from: string,
  pid: number,
): Delivery {
  const head = what.includes(' for ') ? what : `${what} for`;
  return syslog(
    at,
    host.name,
    'sshd',
    `${head} ${user} from ${from} port ${random.between(1024, 65_535)} ssh2`,
    {
      pid,
      facility: AUTH,
      severity: what.startsWith('Failed') ? 5 : 6,
    },
  );
}

export const sudo = (at: number, host: Host, user: string, command: string): Delivery =>
  syslog(at, host.name, 'sudo', `${user} : TTY=pts/0 ; PWD=/home/${user} ; USER=root ; COMMAND=${command}`, {
    facility: AUTH,
    severity: 5,
  });

/** Events 4624 and 4625 of the domain controller. */
export function domainLogin(at: number, random: Random, user: string, from: Host, failed: boolean): Delivery {
  return beat(
    at,
    'winlogbeat',
    { name: servers.domain.name, ip: [servers.domain.ip], os: { family: 'windows' } },
    {
      event: {
        code: failed ? '4625' : '4624',
        kind: 'event',
        category: ['authentication'],
        action: failed ? 'logon-failed' : 'logged-in',
        outcome: failed ? 'failure' : 'success',
        provider: 'Microsoft-Windows-Security-Auditing',
      },
      message: failed ? 'An account failed to log on.' : 'An account was successfully logged on.',
      user: { name: user, domain: 'NORTHWIND' },
      source: { ip: from.ip, port: random.between(49_152, 65_535), domain: from.name },
      winlog: {
        channel: 'Security',
        record_id: random.between(100_000, 9_999_999),
        logon: {
          type: random.pick(['Network', 'Interactive', 'RemoteInteractive']),
          ...(failed && { failure: { reason: 'Unknown user name or bad password.' } }),
        },
      },
    },
  );
}
