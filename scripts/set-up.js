// Everything `npm start` and `npm test` need, on a fresh clone: the dependencies, and for tests the programs that
// the tests talk to. Plain JavaScript for Node 20; does nothing when all is there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const forTests = process.argv.includes('--test');
const say = (text) => process.stderr.write(`${text}\n`);

/** Commands the tests use, and the Debian packages they are in. */
const commands = {
  openssl: 'openssl',
  curl: 'curl',
  python3: 'python3',
  gcc: 'gcc',
  go: 'golang-go',
  logger: 'bsdutils',
  java: 'default-jdk-headless',
  mvn: 'maven',
  chromium: 'chromium',
  'mkfs.ext4': 'e2fsprogs',
  mount: 'mount',
};

/**
 * rsyslog and syslog-ng exclude each other as packages: both are unpacked into build/peers instead of installed;
 * only the libraries they need are installed. libfaketime is a library that is loaded from there, and
 * python3-elasticsearch a module.
 */
const unpacked = {
  'usr/sbin/rsyslogd': ['rsyslog', 'rsyslog-openssl'],
  'usr/sbin/syslog-ng': ['syslog-ng-core'],
  'usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so': ['rsyslog-elasticsearch'],
  'usr/share/syslog-ng/include/scl/elasticsearch': ['syslog-ng-mod-http', 'syslog-ng-scl'],
  'usr/bin/faketime': ['faketime', 'libfaketime'],
  'usr/lib/python3/dist-packages/elasticsearch': [
    'python3-elasticsearch',
    'python3-urllib3',
    'python3-certifi',
    'python3-six',
  ],
};
const libraries = [
  'libestr0',
  'libfastjson4',
  'liblognorm5',
  'libivykis0',
  'libnet1',
  'libwrap0',
  'libpcre3',
  'libjson-c5',
  'libglib2.0-0',
  'libcap2',
  'libcurl4',
];

function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

function installDependencies() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  say('Installing the dependencies (once; about 15 s) …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

/** Newest change of any file below a folder. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/** The console's pages, made from `ui/` when they are older. */
function buildConsole() {
  const built = join(root, 'dist', 'ui', 'index.html');
  const wanted = Math.max(newest(join(root, 'ui')), statSync(join(root, 'package-lock.json')).mtimeMs);
  if (existsSync(built) && statSync(built).mtimeMs >= wanted) return;
  say('Building the console (once; about 10 s) …');
  execFileSync(
    join(root, 'node_modules', '.bin', 'vite'),
    ['build', '-c', 'ui/vite.config.ts', '--logLevel', 'error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
    },
  );
}

function installTestPrograms() {
  if (process.platform !== 'linux') return say('Some tests need Debian: their peers are skipped here.');
  const missing = Object.entries(commands).filter(([command]) => !has(command));
  const peers = join(root, 'build', 'peers');
  const absent = Object.entries(unpacked).filter(([file]) => !existsSync(join(peers, file)));
  if (missing.length === 0 && absent.length === 0) return;
  const names = [...missing.map(([, name]) => name), ...absent.flatMap(([, list]) => list)];
  if (process.getuid() !== 0 || !has('apt-get')) {
    return say(
      `Missing for the tests: ${names.join(', ')}. Install them, or run as root on Debian; their tests are skipped.`,
    );
  }
  say(`Installing what the tests talk to: ${names.join(', ')} …`);
  const apt = (...args) =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt('update', '-qq');
  const install = [...new Set([...missing.map(([, name]) => name), ...(absent.length > 0 ? libraries : [])])];
  if (install.length > 0) apt('install', '-y', '-qq', '--no-install-recommends', ...install);
  if (absent.length === 0) return;
  mkdirSync(peers, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-peers-'));
  try {
    const packages = absent.flatMap(([, list]) => list);
    execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...packages], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 2],
    });
    for (const file of readdirSync(folder))
      execFileSync('dpkg', ['-x', join(folder, file), peers], { stdio: ['ignore', 'ignore', 2] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  installDependencies();
  buildConsole();
  if (forTests) installTestPrograms();
} catch (error) {
  say(`Set-up failed: ${error.message}`);
  process.exit(1);
}
