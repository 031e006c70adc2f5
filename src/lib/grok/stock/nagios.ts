/** Nagios: state lines, alerts, notifications, and external commands. Their fields stand between semicolons. */
import type { StockTable } from '../stock.ts';

const HOST = 'DATA:«nagios_hostname‖[host][hostname]»';
const SERVICE = 'DATA:«nagios_service‖[service][name]»';
const STATE = 'DATA:«nagios_state‖[service][state]»';
const LEVEL = 'DATA:«nagios_statelevel‖[nagios][log][state_type]»';
const MESSAGE = 'GREEDYDATA:«nagios_message‖message»';
const COMMENT = 'GREEDYDATA:«nagios_comment‖[nagios][log][comment]»';
const ATTEMPT = '«NUMBER:nagios_attempt‖INT:[nagios][log][attempt]:int»';
const CURRENT = [
  STATE,
  'DATA:«nagios_statetype‖[nagios][log][state_type]»',
  '«DATA:nagios_statecode‖INT:[nagios][log][attempt]:int»',
  MESSAGE,
];
const NOTIFIED = ['DATA:«nagios_contact‖[nagios][log][notification_command]»', MESSAGE];
const NOTIFIER = 'DATA:«nagios_notifyname‖[user][name]»';
const HANDLER = [STATE, LEVEL, 'DATA:«nagios_event_handler_name‖[nagios][log][event_handler_name]»'];
const RESULT = 'GREEDYDATA:«nagios_check_result‖[nagios][log][check_result]»';
const NOTIFY_SERVICE = ['GREEDYDATA:«nagios_service‖[service][name]»'];
const NOTIFY_HOST = ['GREEDYDATA:«nagios_hostname‖[host][hostname]»'];

const number = (field: string, legacy: string, type = ''): string =>
  `NUMBER:«nagios_${legacy}‖[nagios][log][${field}]${type}»`;

/** Kinds of lines with their fields, in the order in which NAGIOSLOGLINE tries them. */
const LINES: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['CURRENT_SERVICE_STATE', [HOST, SERVICE, ...CURRENT]],
  ['CURRENT_HOST_STATE', [HOST, ...CURRENT]],
  ['SERVICE_NOTIFICATION', [NOTIFIER, HOST, SERVICE, STATE, ...NOTIFIED]],
  ['HOST_NOTIFICATION', [NOTIFIER, HOST, STATE, ...NOTIFIED]],
  ['SERVICE_ALERT', [HOST, SERVICE, STATE, LEVEL, ATTEMPT, MESSAGE]],
  ['HOST_ALERT', [HOST, STATE, LEVEL, ATTEMPT, MESSAGE]],
  ['SERVICE_FLAPPING_ALERT', [HOST, SERVICE, STATE, MESSAGE]],
  ['HOST_FLAPPING_ALERT', [HOST, STATE, MESSAGE]],
  ['SERVICE_DOWNTIME_ALERT', [HOST, SERVICE, STATE, COMMENT]],
  ['HOST_DOWNTIME_ALERT', [HOST, STATE, COMMENT]],
  ['PASSIVE_SERVICE_CHECK', [HOST, SERVICE, STATE, COMMENT]],
  ['PASSIVE_HOST_CHECK', [HOST, STATE, COMMENT]],
  ['SERVICE_EVENT_HANDLER', [HOST, SERVICE, ...HANDLER]],
  ['HOST_EVENT_HANDLER', [HOST, ...HANDLER]],
  [
    'TIMEPERIOD_TRANSITION',
    [SERVICE, number('period_from', 'unknown1', ':int'), number('period_to', 'unknown2', ':int')],
  ],
];

/** External commands with their fields, in the order in which NAGIOSLOGLINE tries them. */
const COMMANDS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['DISABLE_SVC_CHECK', [HOST, SERVICE]],
  ['ENABLE_SVC_CHECK', [HOST, SERVICE]],
  ['DISABLE_HOST_CHECK', [HOST]],
  ['ENABLE_HOST_CHECK', [HOST]],
  ['PROCESS_HOST_CHECK_RESULT', [HOST, STATE, RESULT]],
  ['PROCESS_SERVICE_CHECK_RESULT', [HOST, SERVICE, STATE, RESULT]],
  [
    'SCHEDULE_HOST_DOWNTIME',
    [
      HOST,
      number('start_time', 'start_time'),
      number('end_time', 'end_time'),
      number('fixed', 'fixed'),
      number('trigger_id', 'trigger_id'),
      number('duration', 'duration', ':int'),
      'DATA:«author‖[user][name]»',
      'DATA:«comment‖[nagios][log][comment]»',
    ],
  ],
  ['DISABLE_HOST_SVC_NOTIFICATIONS', NOTIFY_HOST],
  ['ENABLE_HOST_SVC_NOTIFICATIONS', NOTIFY_HOST],
  ['DISABLE_HOST_NOTIFICATIONS', NOTIFY_HOST],
  ['ENABLE_HOST_NOTIFICATIONS', NOTIFY_HOST],
  ['DISABLE_SVC_NOTIFICATIONS', [HOST, ...NOTIFY_SERVICE]],
  ['ENABLE_SVC_NOTIFICATIONS', [HOST, ...NOTIFY_SERVICE]],
];
/** Known by name, but without a line of its own. */
const NAMES_ONLY = ['SCHEDULE_SERVICE_DOWNTIME'];

const TYPE = '«nagios_type‖[nagios][log][type]»';
const semicolons = (fields: readonly string[]): string => fields.map((field) => `%{${field}}`).join(';');

function table(): StockTable {
  const made: Record<string, string> = {
    NAGIOSTIME: '\\[%{NUMBER:«nagios_epoch‖timestamp»}\\]',
    NAGIOS_WARNING: `Warning:%{SPACE}%{${MESSAGE}}`,
    NAGIOS_TYPE_EXTERNAL_COMMAND: 'EXTERNAL COMMAND',
  };
  for (const [name, fields] of LINES) {
    made[`NAGIOS_TYPE_${name}`] = name.replaceAll('_', ' ');
    made[`NAGIOS_${name}`] = `%{NAGIOS_TYPE_${name}:${TYPE}}: ${semicolons(fields)}`;
  }
  for (const name of NAMES_ONLY) made[`NAGIOS_EC_${name}`] = name;
  for (const [name, fields] of COMMANDS) {
    made[`NAGIOS_EC_${name}`] = name;
    made[`NAGIOS_EC_LINE_${name}`] =
      `%{NAGIOS_TYPE_EXTERNAL_COMMAND:${TYPE}}: ` +
      `%{NAGIOS_EC_${name}:«nagios_command‖[nagios][log][command]»};${semicolons(fields)}`;
  }
  const lines = ['WARNING', ...LINES.map(([name]) => name), ...COMMANDS.map(([name]) => `EC_LINE_${name}`)];
  made['NAGIOSLOGLINE'] = `%{NAGIOSTIME} (?:${lines.map((name) => `%{NAGIOS_${name}}`).join('|')})`;
  return made;
}

export const nagios: StockTable = table();
