/** Arguments of `millrace test`. */
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';

/** The text of --help. */
export const help = `Usage: millrace test [OPTIONS] [FILE|FOLDER…]

Runs config tests: what goes in, and what has to come out. Opens no port, sends nothing, and takes
milliseconds. Without a file it runs the tests below this folder. Files are YAML or JSON with the
key "tests", or with "testcases" as logstash-filter-verifier has them.

  --config PATH…        what is tested by files that do not say it: file, folder or glob; a
                        FILE that ends with .conf is the same
  --pipeline ID         the same, as a pipeline of pipelines.yml
  --plugin-mock FILE    filters that stand in for others, as logstash-filter-verifier takes them
  --path.settings DIR   where pipelines.yml, logstash.yml and the keystore are
  --filter TEXT         only tests whose name (or file) contains this
  --update              write what comes out into the files as what is expected
  --watch               run again when a test or a config changes, until Ctrl-C
  --junit FILE          write the results as JUnit XML, for CI
  --json                print the results as JSON
  --verbose             name the tests that pass, too
  --color, --no-color   colours (default: on a terminal, unless NO_COLOR is set)

Exit status: 0 all passed; 1 a test failed or could not be run, or an argument is wrong.

  millrace test                                    all tests below this folder
  millrace test tests/ --filter sshd --watch
  millrace test tests/sshd.test.yml --update
  millrace test testcases/ --config 'conf.d/*.conf'    tests of logstash-filter-verifier
  millrace test --path.settings /etc/logstash --junit results.xml tests/

A test file:

  config: pipeline.conf
  now: 2026-03-05T00:00:00Z
  tests:
    - name: a failed login
      lines: "Mar  4 10:00:12 web1 sshd[2301]: Failed password for root from 192.0.2.1 port 22 ssh2"
      expect:
        - fields: { user: root, outcome: failure }
          absent: [message]
`;

export interface TestArguments {
  readonly paths: readonly string[];
  readonly configs: readonly string[];
  readonly pipeline: string | undefined;
  readonly mocks: string | undefined;
  readonly settings: string | undefined;
  readonly filter: string | undefined;
  readonly junit: string | undefined;
  readonly update: boolean;
  readonly watch: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean | undefined;
}

const VALUES = ['--config', '--pipeline', '--plugin-mock', '--path.settings', '--filter', '--junit'] as const;
const SWITCHES = ['--update', '--watch', '--json', '--verbose', '--color', '--no-color'] as const;

/** Undefined: help was asked for. @throws MillraceError ERR_USAGE */
export function parseTestArguments(argv: readonly string[]): TestArguments | undefined {
  const usage = (message: string): MillraceError =>
    new MillraceError('ERR_USAGE', `${message}. See "millrace test --help".`);
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const paths: string[] = [];
  const configs: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--help' || word === '-h') return undefined;
    if (!word.startsWith('-')) {
      (word.endsWith('.conf') ? configs : paths).push(word);
      continue;
    }
    const [name = '', attached] = word.split(/=(.*)/s);
    if ((SWITCHES as readonly string[]).includes(name)) {
      if (attached !== undefined) throw usage(`${name} takes no value`);
      switches.add(name);
      continue;
    }
    if (!(VALUES as readonly string[]).includes(name)) {
      const near = suggest(name, [...VALUES, ...SWITCHES, '--help']);
      throw usage(`unknown argument ${name}${near ? `, did you mean ${near}?` : ''}`);
    }
    const value = attached ?? argv[++at];
    if (value === undefined || value === '') throw usage(`${name} needs a value`);
    if (name === '--config') configs.push(value);
    else values.set(name, value);
  }
  if (switches.has('--update') && switches.has('--watch'))
    throw usage('--update and --watch exclude each other');
  if (switches.has('--json') && switches.has('--watch')) throw usage('--json and --watch exclude each other');
  if (configs.length > 0 && values.has('--pipeline'))
    throw usage('--config and --pipeline exclude each other');
  return {
    paths,
    configs,
    pipeline: values.get('--pipeline'),
    mocks: values.get('--plugin-mock'),
    settings: values.get('--path.settings'),
    filter: values.get('--filter'),
    junit: values.get('--junit'),
    update: switches.has('--update'),
    watch: switches.has('--watch'),
    json: switches.has('--json'),
    verbose: switches.has('--verbose'),
    color: switches.has('--no-color') ? false : switches.has('--color') ? true : undefined,
  };
}
