/** Syslog lines of both RFCs, cron, PAM, and what programs of the system write there. */
import type { StockTable } from '../stock.ts';

export const syslog: StockTable = {
  SYSLOG5424PRINTASCII: '[!-~]+',
  SYSLOGBASE2:
    '(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:«timestamp8601‖timestamp»})' +
    '« (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource}(?: %{SYSLOGPROG}:|)‖' +
    '(?: %{SYSLOGFACILITY})?(?: %{SYSLOGHOST:[host][hostname]})?(?: %{SYSLOGPROG}:)?»',
  SYSLOGLINE: '%{SYSLOGBASE2} %{GREEDYDATA:message}',
  SYSLOGPAMSESSION:
    '%{SYSLOGBASE} (?=%{GREEDYDATA:message})%{WORD:«pam_module‖[system][auth][pam][module]»}' +
    '\\(%{DATA:«pam_caller‖[system][auth][pam][origin]»}\\): session ' +
    '%{WORD:«pam_session_state‖[system][auth][pam][session_state]»} for user ' +
    '%{USERNAME:«username‖[user][name]»}(?: by %{«GREEDYDATA:pam_by‖GREEDYDATA»})?',
  CRON_ACTION: '[A-Z ]+',
  CRONLOG:
    '%{SYSLOGBASE} \\(%{USER:«user‖[user][name]»}\\) ' +
    '%{CRON_ACTION:«action‖[system][cron][action]»} \\(%{DATA:message}\\)',

  SYSLOG5424PRI: '<%{NONNEGINT:«syslog5424_pri‖[log][syslog][priority]:int»}>',
  SYSLOG5424SD: '\\[%{DATA}\\]+',
  SYSLOG5424BASE: [
    '%{SYSLOG5424PRI}%{NONNEGINT:«syslog5424_ver‖[system][syslog][version]»}',
    '(?:-|%{TIMESTAMP_ISO8601:«syslog5424_ts‖timestamp»})',
    '(?:«%{IPORHOST:syslog5424_host}|-‖-|%{IPORHOST:[host][hostname]}»)',
    '(?:-|%{SYSLOG5424PRINTASCII:«syslog5424_app‖[process][name]»})',
    '(?:-|%{«SYSLOG5424PRINTASCII:syslog5424_proc‖POSINT:[process][pid]:int»})',
    '(?:-|%{SYSLOG5424PRINTASCII:«syslog5424_msgid‖[event][code]»})',
    '(?:«%{SYSLOG5424SD:syslog5424_sd}|-|‖-|%{SYSLOG5424SD:[system][syslog][structured_data]}»)«‖?»',
  ].join(' +'),
  SYSLOG5424LINE: '%{SYSLOG5424BASE} +%{GREEDYDATA:«syslog5424_msg‖message»}',
};
