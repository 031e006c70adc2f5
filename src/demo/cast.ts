/**
 * Who plays in the demo: a company with a few servers and desktops, and those who attack it. All public addresses are
 * of the ranges for documentation (RFC 5737), all names end with `.example` (RFC 2606): nobody is meant.
 */
export interface Host {
  readonly name: string;
  readonly ip: string;
}

export interface Desktop extends Host {
  readonly user: string;
}

const host = (name: string, ip: string): Host => ({ name, ip });

export const servers = {
  firewall: host('fw-01', '10.20.0.1'),
  dns: host('dns-01', '10.20.0.53'),
  vpn: host('vpn-01', '10.20.0.8'),
  mail: host('mail-01', '10.20.2.25'),
  database: host('db-01', '10.20.3.21'),
  backup: host('backup-01', '10.20.3.40'),
  domain: host('dc-01', '10.20.4.10'),
} as const;

export const webServers: readonly Host[] = [
  host('web-01', '10.20.1.11'),
  host('web-02', '10.20.1.12'),
  host('web-03', '10.20.1.13'),
];

/** Machines with an SSH server. */
export const linuxHosts: readonly Host[] = [
  ...webServers,
  servers.vpn,
  servers.mail,
  servers.database,
  servers.backup,
];

const people = [
  'amara.okafor',
  'jonas.weber',
  'lucia.moreno',
  'kenji.tanaka',
  'sofia.lindqvist',
  'david.cohen',
  'priya.sharma',
  'marek.novak',
  'chloe.dubois',
  'omar.haddad',
  'hanna.virtanen',
  'tomas.silva',
  'eva.horvat',
  'liam.byrne',
  'nadia.petrova',
  'yusuf.demir',
] as const;

export const desktops: readonly Desktop[] = people.map((user, at) => ({
  name: `ws-${String(101 + at)}`,
  ip: `10.30.1.${21 + at}`,
  user,
}));

export const administrators: readonly string[] = ['jonas.weber', 'priya.sharma', 'deploy', 'backup'];

/** Each attack has an address of its own, so that a search for it tells the story. */
export const attackers = {
  bruteForce: '203.0.113.66',
  portScan: '198.51.100.23',
  webScan: '192.0.2.77',
  spray: '198.51.100.140',
  control: '203.0.113.99',
} as const;

/** Visitors of the web shop: many addresses, a few of them often. */
export const visitorAddress = (number: number): string => {
  const range = ['192.0.2', '198.51.100', '203.0.113'][number % 3]!;
  return `${range}.${1 + ((number * 37) % 60)}`;
};
