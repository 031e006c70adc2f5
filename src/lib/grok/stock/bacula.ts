/** Messages of the Bacula backup director. */
import type { StockTable } from '../stock.ts';

const VOLUME = '%{BACULA_VOLUME:«volume‖[bacula][volume][name]»}';
const DEVICE = '%{BACULA_DEVICE:«device‖[bacula][volume][device]»}';
const DEVICE_PATH = '%{«BACULA_DEVICEPATH‖BACULA_DEVICEPATH:[bacula][volume][path]»}';
const capacity = (field: string): string => `%{«BACULA_CAPACITY‖BACULA_CAPACITY:[bacula][volume][${field}]»}`;
const AT = 'at «%{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}‖%{BACULA_TIMESTAMP:[bacula][timestamp]}».';
const CLIENT = '%{BACULA_HOST:«client‖[bacula][client][name]»}';
const JOB = '%{BACULA_JOB:«job‖[bacula][job][name]»}';
const ERROR = 'ERR=%{GREEDYDATA:«berror‖[error][message]»}';
const file = (before: string): string => `«%{DATA}‖${before}%{DATA:[file][path]}${before}»`;
const FATAL = 'Fatal «error‖[eE]rror»: ';
const CONNECT =
  `(?:Client: ${CLIENT}|Storage daemon) on ` +
  `«%{HOSTNAME}:%{POSINT}‖%{IPORHOST:[client][address]}:%{POSINT:[client][port]:int}». ${ERROR}`;
/** Quotes that ECS v1 takes as optional. */
const QUOTE = '"«‖?»';

/** Messages by the end of their pattern's name, in the order in which they are tried. */
const MESSAGES: Readonly<Record<string, string>> = {
  MAX_CAPACITY:
    `User defined maximum volume capacity ${capacity('max_capacity')} ` +
    `exceeded on device "${DEVICE}" \\(${DEVICE_PATH}\\)«‖.?»`,
  END_VOLUME: `End of medium on Volume "${VOLUME}" Bytes=${capacity('bytes')} Blocks=${capacity('blocks')} ${AT}`,
  NEW_VOLUME: `Created new Volume "${VOLUME}" in catalog.`,
  NEW_LABEL: `Labeled new Volume "${VOLUME}" on «‖(?:file )?»device "${DEVICE}" \\(${DEVICE_PATH}\\).`,
  WROTE_LABEL:
    `Wrote label to prelabeled Volume "${VOLUME}" on device ` +
    `"%{«BACULA_DEVICE‖BACULA_DEVICE:[bacula][volume][device]»}" \\(${DEVICE_PATH}\\)`,
  NEW_MOUNT: `New volume "${VOLUME}" mounted on device "${DEVICE}" \\(${DEVICE_PATH}\\) ${AT}`,
  NOOPEN: `\\s*Cannot open %{DATA}: ${ERROR}`,
  NOOPENDIR: `\\s*Could not open directory ${file('"?')}: ${ERROR}`,
  NOSTAT: `\\s*Could not stat ${file('')}: ${ERROR}`,
  NOJOBS: `There are no more Jobs associated with Volume "${VOLUME}". Marking it purged.`,
  ALL_RECORDS_PRUNED: `«‖.*?»All records pruned from Volume "${VOLUME}"; marking it "Purged"`,
  BEGIN_PRUNE_JOBS: 'Begin pruning Jobs older than %{INT} month %{INT} days .',
  BEGIN_PRUNE_FILES: 'Begin pruning Files.',
  PRUNED_JOBS: `Pruned %{INT} Jobs* for client ${CLIENT} from catalog.`,
  PRUNED_FILES: `Pruned Files from %{INT} Jobs* for client ${CLIENT} from catalog.`,
  ENDPRUNE: 'End auto prune.',
  STARTJOB: `Start Backup JobId %{INT}, Job=${JOB}`,
  STARTRESTORE: `Start Restore Job ${JOB}`,
  USEDEVICE: `Using Device "${DEVICE}"`,
  DIFF_FS: '\\s«+‖*»%{UNIXPATH} is a different filesystem. Will not descend from %{UNIXPATH} into it.',
  JOBEND:
    'Job write elapsed time = %{DATA:«elapsed‖[bacula][job][elapsed_time]»}, ' +
    'Transfer rate = %{NUMBER} [KMG]? Bytes/second',
  NOPRUNE_JOBS: 'No Jobs found to prune.',
  NOPRUNE_FILES: 'No Files found to prune.',
  VOLUME_PREVWRITTEN: `Volume ${QUOTE}${VOLUME}${QUOTE} previously written, moving to end of data.`,
  READYAPPEND: `Ready to append to end of Volume "${VOLUME}" size=%{«INT‖INT:[bacula][volume][size]:int»}`,
  CANCELLING: 'Cancelling duplicate JobId=%{«INT‖INT:[bacula][job][other_id]»}.',
  MARKCANCEL: `JobId %{«INT‖INT:[bacula][job][id]»}, Job ${JOB} marked to be canceled.`,
  CLIENT_RBJ:
    'shell command: run ClientRunBeforeJob "%{GREEDYDATA:«runjob‖[bacula][job][client_run_before_command]»}"',
  VSS: '(?:Generate )?VSS (?:Writer)?',
  MAXSTART: `${FATAL}Job canceled because max start delay time exceeded.`,
  DUPLICATE: `${FATAL}JobId %{INT:«duplicate‖[bacula][job][other_id]»} already running. Duplicate job not allowed.`,
  NOJOBSTAT: `${FATAL}No Job status returned from FD.`,
  FATAL_CONN: `${FATAL}bsock.c:133 Unable to connect to ${CONNECT}`,
  NO_CONNECT: `Warning: bsock.c:127 Could not connect to ${CONNECT}`,
  NO_AUTH:
    'Fatal error: Unable to authenticate with File daemon at ' +
    '«%{DATA}‖"?%{IPORHOST:[client][address]}(?::%{POSINT:[client][port]:int})?"?». Possible causes:',
  NOSUIT: 'No prior or suitable Full backup found in catalog. Doing FULL backup.',
  JOB: '(?:Error: )?Bacula %{BACULA_HOST} %{BACULA_VERSION} \\(%{BACULA_VERSION}\\):',
  NOPRIOR: 'No prior Full backup Job record found.',
};

const LINE =
  '%{BACULA_TIMESTAMP:«bts‖timestamp»} %{BACULA_HOST:«hostname‖[host][hostname]»}' +
  '(?: JobId %{INT:«jobid‖[bacula][job][id]»})?:? ' +
  `(?:${Object.keys(MESSAGES)
    .map((name) => `%{BACULA_LOG_${name}}`)
    .join('|')})`;

export const bacula: StockTable = {
  BACULA_TIMESTAMP: '%{MONTHDAY}-%{MONTH}«‖(?:-%{YEAR})?» %{HOUR}:%{MINUTE}',
  BACULA_HOST: '«[a-zA-Z0-9-]+‖%{HOSTNAME}»',
  BACULA_VOLUME: '%{USER}',
  BACULA_DEVICE: '%{USER}',
  BACULA_DEVICEPATH: '%{UNIXPATH}',
  BACULA_CAPACITY: '%{INT}{1,3}(?:,%{INT}{3})*',
  BACULA_VERSION: '%{USER}',
  BACULA_JOB: '%{USER}',
  ...Object.fromEntries(Object.entries(MESSAGES).map(([name, text]) => [`BACULA_LOG_${name}`, text])),
  'ecs:BACULA_LOG': LINE,
  BACULA_LOGLINE: `«${LINE.replace(/«(.*?)‖.*?»/gs, '$1')}‖%{BACULA_LOG}»`,
};
