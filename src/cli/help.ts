import { type Setting, settings } from './settings-table.ts';

const commands = `Usage: millrace [COMMAND] [OPTIONS]

Runs Logstash pipelines. Without a command it takes Logstash's options:

  millrace -e 'input { generator { count => 10 } } output { stdout {} }'
  millrace -f /etc/logstash/conf.d/ -r        run, and reload when a file changes
  millrace --path.settings /etc/logstash      run what pipelines.yml there says
  millrace -f pipeline.conf -t                check a config, exit 0 or 1

Commands:
  up         run with default listeners: beats 5044, syslog 5514, http 8080 (npm start)
  keystore   create, add, list, remove secrets that configs use as \${NAME}
  plugin     list the plugins
  certs      make a CA and certificates for servers and clients
  queue      look into a persisted queue, mend it, empty it
  top        live rates of every plugin in the terminal
  help, version

Options (every setting, also as --setting.name VALUE):
`;

/** The text of --help. */
export function helpText(_topic: string | undefined): string {
  const lines = Object.entries(settings as Readonly<Record<string, Setting>>)
    .filter(([, setting]) => !setting.ignored)
    .map(([name, setting]) => {
      const short = setting.flags?.filter((flag) => /^-\w$/.test(flag)).join(', ');
      const initial =
        setting.default === undefined
          ? ''
          : ` (${Array.isArray(setting.default) ? setting.default.join('-') : setting.default})`;
      return `  ${(short ? `${short}, ` : '    ').padEnd(4)}--${name}\n        ${setting.description}${initial}`;
    });
  return `${commands}${lines.join('\n')}\n`;
}
